r"""Numbers as inspect_ai 0.3.285 reads them: ``numeric/inspect`` and ``aime/inspect``.

The last word of the response that is a number as a whole, so ``42%``, ``42km`` and ``\boxed{42}``
are none. Numbers are compared with five significant digits, as the reference does.
"""

from __future__ import annotations

import re
import string
from dataclasses import replace

from app.engine.scorers.unicode_numbers import may_be_number, parse_number
from app.engine.scorers.verdicts import MAX_ANSWER_CHARS, compared, targets_of, unparsable
from app.engine.types import Sample, Scorer, Verdict

_FORMATTING = re.compile(r"\\?[$,£€*_]")
_FULL_STOP = re.compile(r"\.(?=\D|\Z)")
_WORD_EDGE = "!?:;()[]{}'\"`"
_SIGNIFICANT_DIGITS = 5
_EDGES = string.whitespace + string.punctuation
_DELIMITERS = "$*-#"


def strip_formatting(text: str) -> str:
    r"""Return ``text`` without currency signs, thousands commas, Markdown and full stops.

    A backslash before one of them goes too (LaTeX writes ``\$``).
    """
    return _FULL_STOP.sub("", _FORMATTING.sub("", text))


def _normalised(number: float) -> str:
    return format(number, f".{_SIGNIFICANT_DIGITS}g")


def _word_number(word: str) -> float | None:
    return parse_number(word.strip(_WORD_EDGE)) if may_be_number(word) else None


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
    targets = [strip_formatting(target.strip().casefold()) for target in targets_of(sample)]
    numbers = {_normalised(n) for n in map(_word_number, targets) if n is not None}
    texts = [target for target in targets if _word_number(target) is None]
    if not numbers:
        return score_ending(completion, replace(sample, target=tuple(texts)))
    answer = last_number(completion)
    correct = answer in numbers or any(_ends_with(completion, text) for text in texts)
    if answer is None and not correct:
        return unparsable("The response has no word that is a number.")
    return compared(answer or completion.strip(), targets_of(sample)[0], correct=correct)


def without_box(line: str) -> str:
    r"""Return ``line`` with ``\boxed{…}`` replaced by its content, up to the last brace."""
    start = line.find("\\boxed{")
    end = line.rfind("}")
    inner = line[start + len("\\boxed{") : end]
    if not 0 <= start < end or not inner:
        return line
    return line[:start] + inner + line[end + 1 :]


def _last_line(text: str) -> str | None:
    """Return the last line that is more than ``$$``, ``**``, ``---`` or ``#``; else the last."""
    lines = text.strip().splitlines()
    telling = (line for line in reversed(lines) if _says_something(line))
    return next(telling, lines[-1] if lines else None)


def _says_something(line: str) -> bool:
    return any(char not in _DELIMITERS and not char.isspace() for char in line)


def score_aime(completion: str, sample: Sample) -> Verdict:
    r"""Judge the last line with content, where ``\boxed{…}`` is unwrapped first."""
    line = _last_line(completion)
    if line is None:
        return unparsable("The response is empty.")
    return score_number(without_box(line), sample)


SCORERS: dict[str, Scorer] = {
    "numeric/inspect": score_number,
    "aime/inspect": score_aime,
    "ending/inspect": score_ending,
}
