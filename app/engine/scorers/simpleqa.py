"""SimpleQA: a judge compares a short answer with the known one.

Source: Wei et al. 2024, "Measuring short-form factuality in large language models"
(https://arxiv.org/abs/2411.04368). The judge's prompt, in ``simpleqa_grader.txt``, is the
published one (MIT, OpenAI simple-evals), which both references send: a changed word would
change the verdicts.

Both count ``correct`` as 1 and the rest as 0; ``detail["grade"]`` tells ``incorrect`` from
``not_attempted``. They differ in how a reply is read:

- ``judge/simpleqa_openbench`` takes the first capital A, B or C anywhere, as openbench 0.5.3
  does, so a judge that writes ``NOT_ATTEMPTED`` in words is read as A. It is kept for
  comparability; ``detail["judge_readable"]`` is false wherever the next reading differs.
- ``judge/simpleqa_inspect`` takes a letter or a grade in words (``(A)``, ``A: CORRECT``) and
  leaves the sample unscored otherwise. inspect_evals 0.26 has the judge call a tool whose only
  values are the three letters; this reads the same three from text.
"""

from __future__ import annotations

import re
from pathlib import Path

from app.engine.scorers.judge import Grade, JudgedScorer, graded_scorer, question_of, target_of
from app.engine.types import Message, Sample

_TEMPLATE = Path(__file__).with_name("simpleqa_grader.txt").read_text(encoding="utf-8").strip()
_GRADES = {
    "A": Grade("correct", 1.0),
    "B": Grade("incorrect", 0.0),
    "C": Grade("not_attempted", 0.0),
}
_WORDS = {"CORRECT": "A", "INCORRECT": "B", "NOT ATTEMPTED": "C"}
_FIRST_LETTER = re.compile(r"[ABC]")
_DECORATION = " \t\r\n.,:;!*_\"'`()[]{}<>#$=“”‘’✅❌✓✗"
_LONGEST = 2_000
_MARKUP = re.compile(r"```\w*+|</?\w{1,20}>|<\|[^|<>]{1,30}\|>")
_NOUN = (
    r"(?:grade|answer|verdict|rating|label|letter|choice|option|category|result|judge?ment|score|"
    r"classification|evaluation|assessment|response|prediction)"
)
_LEAD = re.compile(
    r"(?:(?:the|my|final|predicted|model's|so|thus|therefore|hence)\W+)*"
    rf"(?:correct (?=grade|label))?{_NOUN}\b(?:\W+is\b)?"
    r"|i(?:['’]d| would)? (?:grade|rate|label|classify) (?:this|it|the \w{1,20}(?: answer)?)"
    r"(?: as)?\b"
    r"|(?:it|this)(?:'s| is)\b|\W*\\boxed\b|\W*\\text(?:bf)?\b",
    re.IGNORECASE,
)
_LETTER_AND_WORD = re.compile(r"([ABC])\W+(.+)", re.DOTALL)
_LETTER_AND_REASON = re.compile(r"([ABC])\W{0,4}[:),.\]\u2013\u2014-]\W*\s(.+)", re.DOTALL)
_GRADE_WORD = re.compile(r"\b(?:[ABC]|(?:IN)?CORRECT|NOT[ _]ATTEMPTED)\b")
_WORD_AND_LETTER = re.compile(r"\A(.*\w)\W+([ABC])", re.DOTALL)


def grader_prompt(completion: str, sample: Sample) -> tuple[Message, ...]:
    """Return the one message for the judge."""
    content = _TEMPLATE.format(
        question=question_of(sample), target=target_of(sample), predicted_answer=completion
    )
    return ({"role": "user", "content": content},)


def read_first_letter(reply: str) -> Grade:
    """Return the grade of the first A, B or C; ``not_attempted`` without one."""
    match = _FIRST_LETTER.search(reply)
    grade = _GRADES[match[0] if match else "C"]
    return Grade(grade.name, grade.score, is_readable=read_bare_grade(reply) == grade)


def read_bare_grade(reply: str) -> Grade | None:
    """Return the grade of a reply that states one: a letter, a grade in words, or both.

    ``(A)``, ``**A**``, ``A: CORRECT``, ``Grade: A``, and a first or last line like these are such
    replies; ``A: INCORRECT``, which contradicts itself, is none.
    """
    letter = _letter(reply)
    return None if letter is None else _GRADES[letter]


def _letter(reply: str) -> str | None:
    reply = _MARKUP.sub(" ", reply[: 10 * _LONGEST])
    whole = _letter_of(reply)
    if whole is not None:
        return whole
    lines = reply.strip().splitlines()
    found = {_letter_of(line) for line in (lines[0], lines[-1])} if len(lines) > 1 else set()
    found.discard(None)
    return found.pop() if len(found) == 1 else None


def _letter_of(text: str) -> str | None:
    if len(text) > _LONGEST:
        return None
    text = text.strip(_DECORATION)
    while lead := _LEAD.match(text):
        text = text[lead.end() :].strip(_DECORATION)
    if text.upper() in _GRADES:
        return text.upper()
    if in_words := _in_words(text):
        return in_words
    for pattern, letter, words in ((_LETTER_AND_WORD, 1, 2), (_WORD_AND_LETTER, 2, 1)):
        both = pattern.fullmatch(text)
        if both is not None and _in_words(both[words]) == both[letter]:
            return both[letter]
    reasoned = _LETTER_AND_REASON.fullmatch(text)
    if reasoned is not None and not _GRADE_WORD.search(reasoned[2]):
        return reasoned[1]
    return None


def _in_words(text: str) -> str | None:
    return _WORDS.get(re.sub(r"[\W_]+", " ", text).strip().upper())


JUDGED: dict[str, JudgedScorer] = {
    "judge/simpleqa_openbench": graded_scorer(grader_prompt, read_first_letter),
    "judge/simpleqa_inspect": graded_scorer(grader_prompt, read_bare_grade),
}
"""Factories by profile name."""
