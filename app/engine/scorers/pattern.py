"""Answers that must be the whole response, or the word after its last ``ANSWER:``."""

from __future__ import annotations

import re

from app.engine.scorers.answer_lines import last_answer_word
from app.engine.scorers.verdicts import compared, targets_of, unparsable
from app.engine.types import Sample, Scorer, Verdict

_YES_NO = re.compile(r"\A[\W_]*(yes|no)[\W_]*\Z", re.IGNORECASE)


def score_yes_no(completion: str, sample: Sample) -> Verdict:
    """Judge a response that is nothing but Yes or No, punctuation aside (BoolQ)."""
    match = _YES_NO.match(completion)
    if match is None:
        return unparsable("The response is not just “Yes” or “No”.")
    return _compare(match.group(1), sample)


def score_word(completion: str, sample: Sample) -> Verdict:
    """Judge the word after the last ``ANSWER:``, ignoring case."""
    word = last_answer_word(completion)
    if word is None:
        return unparsable("The response has no line that ends with “ANSWER: <word>”.")
    return _compare(word, sample)


def _compare(answer: str, sample: Sample) -> Verdict:
    targets = targets_of(sample)
    correct = answer.lower() in {target.lower() for target in targets}
    return compared(answer, targets[0], correct=correct)


SCORERS: dict[str, Scorer] = {
    "pattern_yes_no/inspect": score_yes_no,
    "pattern_word/inspect": score_word,
}
