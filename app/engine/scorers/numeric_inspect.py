r"""Numbers as inspect_ai 0.3.285 reads them: ``numeric/inspect`` and ``aime/inspect``.

The last word of the response that is a number as a whole, so ``42%``, ``42km`` and ``\boxed{42}``
are none. Numbers are compared with five significant digits, as the reference does.
"""

from __future__ import annotations

import re
import string
import unicodedata

from app.engine.scorers.unicode_numbers import MAX_NUMBER_CHARS, parse_number
from app.engine.scorers.verdicts import MAX_ANSWER_CHARS, compared, targets_of, unparsable
from app.engine.types import Sample, Scorer, Verdict

_FORMATTING = str.maketrans("", "", "$,£€*_")
_FULL_STOP = re.compile(r"\.(?=\D|\Z)")
_WORD_EDGE = "!?:;()[]{}'\"`"
_SIGNIFICANT_DIGITS = 5
_EDGES = string.whitespace + string.punctuation
# Anything that can be part of a number; most words are told apart by this alone.
_NUMERIC_CHAR = re.compile("[\\d²³¹¼-¾⁰-₉⅐-↋①-⒛〇零一-鿿豈-﫿０-９]")


def strip_formatting(text: str) -> str:
    """Return ``text`` without currency signs, thousands commas, Markdown and full stops."""
    return _FULL_STOP.sub("", text.translate(_FORMATTING))


def _normalised(number: float) -> str:
    return format(number, f".{_SIGNIFICANT_DIGITS}g")


def _word_number(word: str) -> float | None:
    if len(word) > MAX_NUMBER_CHARS:
        return None
    if len(word) == 1:
        return unicodedata.numeric(word, None)
    if not _NUMERIC_CHAR.search(word):
        return None
    number = parse_number(word)
    return parse_number(word.strip(_WORD_EDGE)) if number is None else number


def last_number(text: str) -> str | None:
    """Return the last word that is a number, normalised; ``None`` where there is none."""
    for word in reversed(strip_formatting(text.strip().casefold()).split()):
        number = _word_number(word)
        if number is not None:
            return _normalised(number)
    return None


def _ends_with(text: str, target: str) -> bool:
    folded = text.strip().casefold().strip(_EDGES)
    return folded.endswith(target.strip().casefold().strip(_EDGES))


def score_ending(completion: str, sample: Sample) -> Verdict:
    """Judge whether the response ends with the target, ignoring case and punctuation."""
    targets = targets_of(sample)
    correct = any(_ends_with(completion, target) for target in targets)
    answer = completion.strip()
    if not answer:
        return unparsable("The response is empty.")
    return compared(answer[-MAX_ANSWER_CHARS:], targets[0], correct=correct)


def score_number(completion: str, sample: Sample) -> Verdict:
    """Compare the last number of the response with the target (text is compared as an ending)."""
    targets = targets_of(sample)
    numbers = [parse_number(strip_formatting(target.strip().casefold())) for target in targets]
    if all(number is None for number in numbers):
        return score_ending(completion, sample)
    answer = last_number(completion)
    if answer is None:
        return unparsable("The response has no word that is a number.")
    correct = any(number is not None and _normalised(number) == answer for number in numbers)
    return compared(answer, targets[0], correct=correct)


def without_box(line: str) -> str:
    r"""Return ``line`` with ``\boxed{…}`` replaced by its content, up to the last brace."""
    start = line.find("\\boxed{")
    end = line.rfind("}")
    inner = line[start + len("\\boxed{") : end]
    if start < 0 or not inner:
        return line
    return line[:start] + inner + line[end + 1 :]


def score_aime(completion: str, sample: Sample) -> Verdict:
    r"""Judge the last line, where ``\boxed{…}`` is unwrapped first."""
    lines = completion.strip().splitlines()
    if not lines:
        return unparsable("The response is empty.")
    return score_number(without_box(lines[-1]), sample)


SCORERS: dict[str, Scorer] = {
    "numeric/inspect": score_number,
    "aime/inspect": score_aime,
    "ending/inspect": score_ending,
}
