"""Short answers: exact match and token F1, in the variants of the references.

All compare DROP's normal form. ``qa_f1/openbench`` and ``qa_f1/inspect`` count repeated words (the
latter rounds to two places); ``drop/openbench`` compares sets of words, wants one of the target's
numbers, and rounds to a hundredth of a percent.
"""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Callable, Iterable

from app.engine.scorers.answer_lines import first_answer_line, first_answer_or_last_line
from app.engine.scorers.verdicts import compared, overlapping, targets_of, unparsable
from app.engine.types import Sample, Scorer, Verdict

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_EDGES = string.whitespace + string.punctuation
_TOKEN_BREAK = re.compile("[ -]")

Comparison = Callable[[str, str], tuple[float, float]]
"""Exact match and F1 of two normalised texts, the answer first."""


def f1_score(common: int, predicted: int, gold: int) -> float:
    """Return the harmonic mean of precision and recall (0..1); an empty side counts as 1."""
    precision = common / predicted if predicted else 1.0
    recall = common / gold if gold else 1.0
    if precision == 0.0 and recall == 0.0:
        return 0.0
    return 2 * precision * recall / (precision + recall)


def _is_number(token: str) -> bool:
    try:
        float(token)
    except ValueError:
        return False
    return True


def _is_finite(token: str) -> bool:
    return _is_number(token) and math.isfinite(float(token))


def _drop_token(token: str) -> str:
    token = token.lower()
    token = token if _is_number(token) else token.translate(_PUNCTUATION)
    return str(float(token)) if _is_number(token) else token


def _inspect_token(token: str) -> str:
    """As ``_drop_token``, but keep the decimal point of a number in parentheses or quotes.

    Infinity is no number here, nor is what is too large for a float.
    """
    token = token.casefold()
    bare = token if _is_finite(token) else token.strip(_EDGES)
    token = bare if _is_finite(bare) else token.translate(_PUNCTUATION)
    return str(float(token)) if _is_finite(token) else token


def normalise_tokens(text: str, clean: Callable[[str], str] = _drop_token) -> str:
    """Return the words of ``text`` in lower case without punctuation and articles.

    Tokens end at a space or hyphen; a token that is a number becomes a float (``7`` is ``7.0``).
    Source: the DROP evaluation script (Dua et al. 2019).
    """
    tokens = _TOKEN_BREAK.split(text)
    # Each distinct token once: a degenerate answer repeats a few tokens a million times.
    words = {token: _normalise_token(clean(token)) for token in set(tokens)}
    return " ".join(word for token in tokens if (word := words[token]))


def _normalise_token(token: str) -> str:
    return " ".join(_ARTICLES.sub(" ", token).split())


def _word_f1(predicted: str, wanted: str) -> tuple[float, float]:
    predicted_words, wanted_words = Counter(predicted.split()), Counter(wanted.split())
    common = (predicted_words & wanted_words).total()
    f1 = f1_score(common, predicted_words.total(), wanted_words.total())
    return float(predicted == wanted), f1


def _drop_f1(predicted: str, wanted: str) -> tuple[float, float]:
    predicted_words, wanted_words = set(predicted.split()), set(wanted.split())
    exact = float(predicted == wanted)
    numbers = {word for word in wanted_words if _is_number(word)}
    if numbers and not numbers & predicted_words:
        return exact, 0.0
    common = len(predicted_words & wanted_words)
    f1 = f1_score(common, len(predicted_words), len(wanted_words))
    return exact, round(f1 * 100, 2) / 100


def _accepted(sample: Sample) -> list[str]:
    """Return the accepted answers; openbench joins them with ``|`` in one text."""
    texts = targets_of(sample)
    if isinstance(sample.target, str):
        texts = tuple(sample.target.split("|"))
    return [text.strip() for text in texts if text.strip()]


def _worded(sample: Sample) -> list[str]:
    """Return the accepted answers that have a word besides articles; inspect skips the others."""
    return [gold for gold in targets_of(sample) if normalise_tokens(gold, _inspect_token)]


def _best(
    answer: str,
    golds: Iterable[str],
    *,
    compare: Comparison = _word_f1,
    clean: Callable[[str], str] = _drop_token,
) -> tuple[float, float]:
    """Return the highest exact match and the highest F1 of ``answer`` over the gold answers."""
    predicted = normalise_tokens(answer, clean)
    pairs = [compare(predicted, normalise_tokens(gold, clean)) for gold in golds]
    exact = max((pair[0] for pair in pairs), default=0.0)
    return exact, max((pair[1] for pair in pairs), default=0.0)


def score_qa(completion: str, sample: Sample) -> Verdict:
    """Exact match, else the best word F1 over the accepted answers (openbench)."""
    answer = first_answer_or_last_line(completion)
    golds = _accepted(sample)
    exact, f1 = _best(answer, golds)
    return overlapping(answer, golds[0] if golds else "", exact_match=exact, f1=f1)


def score_drop(completion: str, sample: Sample) -> Verdict:
    """Exact match, else the best DROP F1 over the accepted answers (openbench)."""
    answer = first_answer_or_last_line(completion)
    golds = _accepted(sample)
    exact, f1 = _best(answer, golds, compare=_drop_f1)
    return overlapping(answer, golds[0] if golds else "", exact_match=exact, f1=f1)


def score_f1(completion: str, sample: Sample) -> Verdict:
    """Return the best word F1 over the accepted answers, rounded to two places (inspect)."""
    labelled = first_answer_line(completion)
    return score_whole_f1(completion if labelled is None else labelled, sample)


def score_whole_f1(completion: str, sample: Sample) -> Verdict:
    """Return the F1 of the response as a whole, as inspect_evals scores SQuAD."""
    golds = _worded(sample)
    exact, f1 = _best(completion, golds, clean=_inspect_token)
    f1 = round(f1, 2)
    return overlapping(completion, golds[0] if golds else "", exact_match=exact, f1=f1)


def score_exact(completion: str, sample: Sample) -> Verdict:
    """Judge whether the whole response has the same words as an answer (inspect)."""
    golds = _worded(sample)
    if not completion.strip():
        return unparsable("The response is empty.")
    exact, f1 = _best(completion, golds, clean=_inspect_token)
    return compared(
        completion.strip(),
        golds[0] if golds else "",
        correct=exact == 1.0,
        detail={"exact_match": exact, "f1": round(f1, 2)},
    )


SCORERS: dict[str, Scorer] = {
    "qa_f1/openbench": score_qa,
    "drop/openbench": score_drop,
    "qa_f1/inspect": score_f1,
    "drop/inspect": score_f1,
    "qa_em/inspect": score_exact,
    "squad_f1/inspect": score_whole_f1,
}
