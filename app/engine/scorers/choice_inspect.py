"""Multiple choice as inspect_ai 0.3.285 reads it (``mcq/inspect``).

Only ``ANSWER: X`` counts, where X may be wrapped in ``**``, ``$`` or parentheses: the last line
that says nothing else, or the last mention in running text where there is no such line. Several
letters are a hedge and count as no answer, unless the sample has several right options.

The reference's two patterns backtrack; here each marker is looked at once. Where nothing but
white space can be taken for the answer, the marker still counts as found, with a blank answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from string import ascii_uppercase

from app.engine.scorers.verdicts import compared, targets_of, unparsable
from app.engine.types import Sample, Scorer, Verdict

_WORDS = r"[A-Za-z\d][A-Za-z\d ,]*+"
_WRAPPED = (
    re.compile(rf"\$\s*+({_WORDS})\s*+\$"),
    re.compile(rf"\*\*\s*+({_WORDS})\s*+\*\*"),
)
_PARENTHESES = re.compile(
    r"(?P<before>\A\s*+|[:,]\s*+)\((?P<letter>[A-Z\d])\)(?=\s*(?:[,.\n]|\Z))", re.IGNORECASE
)
_MARKER = re.compile(r"ANSWER\s*+:\s*+", re.IGNORECASE)
_ANSWER = re.compile(r"[A-Z\d ,]*+", re.IGNORECASE)
_WHITE_SPACE = re.compile(r"\s*+")
_COLON = ":"

_Reader = Callable[[str, int, int], tuple[str, int] | None]
"""Takes the text, where a marker's colon ends and where white space after it ends; returns the
answer and where to read on, or ``None`` where this marker has none."""


def _unwrapped(text: str) -> str:
    for wrapped in _WRAPPED:
        text = wrapped.sub(lambda match: match.group(1).rstrip(" "), text)
    return _PARENTHESES.sub(r"\g<before>\g<letter>", text)


def _ends_line(text: str, position: int) -> bool:
    """Return whether only white space stands before the end of the line, or a full stop."""
    end = _end_of_space(text, position)
    return end == len(text) or text[end] == "." or "\n" in text[position:end]


def _end_of_space(text: str, position: int) -> int:
    match = _WHITE_SPACE.match(text, position)
    return match.end() if match else position


def _end_of_answer(text: str, position: int) -> int:
    match = _ANSWER.match(text, position)
    return match.end() if match else position


def _alone_on_line(text: str, colon: int, start: int) -> tuple[str, int] | None:
    end = _end_of_answer(text, start)
    if end > start and _ends_line(text, end):
        return text[start:end], end
    blank = text.find(" ", colon, start)
    if blank < 0:
        return None
    if "\n" in text[blank:start] or (end == start and _ends_line(text, start)):
        return "", start
    return None


def _in_running_text(text: str, colon: int, start: int) -> tuple[str, int] | None:
    end = _end_of_answer(text, start)
    if end < len(text) and _is_word(text[end]):
        # A letter beyond A-Z cuts the word off: those before it may still be the answer.
        end = max(text.rfind(" ", start, end), text.rfind(",", start, end), start)
    if end > start:
        return text[start:end], min(end + 1, len(text))
    blank = text.find(" ", colon, start)
    if blank < 0:
        return None
    follows_word = start < len(text) and _is_word(text[start])
    return None if follows_word and blank + 1 == start else ("", start)


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def _last_answer(text: str, read: _Reader, *, at_line_start: bool) -> str | None:
    last: str | None = None
    position = 0
    while marker := _MARKER.search(text, position):
        colon = text.index(_COLON, marker.start()) + 1
        position = colon
        if at_line_start and marker.start() and text[marker.start() - 1] != "\n":
            continue
        found = read(text, colon, marker.end())
        if found:
            last, position = found
    return last


def extract_letters(completion: str, option_count: int, *, several: bool = False) -> str:
    """Return the chosen letters, sorted (``"A"``, ``"BD"``); ``""`` where there are none.

    Args:
        completion: What the model wrote.
        option_count: How many options were offered; letters beyond them do not count.
        several: More than one option may be right.
    """
    text = _unwrapped(completion)
    answer = _last_answer(text, _alone_on_line, at_line_start=True)
    if answer is None:
        answer = _last_answer(text, _in_running_text, at_line_start=False) or ""
    allowed = set(ascii_uppercase[:option_count])
    return _several(answer, allowed) if several else _single(answer, allowed)


def _single(answer: str, allowed: set[str]) -> str:
    letters = [part for part in answer.strip().upper().split(",") if part]
    return letters[0] if len(letters) == 1 and letters[0] in allowed else ""


def _several(answer: str, allowed: set[str]) -> str:
    joined = answer.strip().upper().replace(" AND ", ",").replace(" ", "")
    letters = {part for part in joined.split(",") if part}
    if not letters <= allowed:
        letters = set(joined)
    return "".join(sorted(letters)) if letters <= allowed else ""


def score_choice(completion: str, sample: Sample) -> Verdict:
    """Compare the chosen letter (or set of letters) with the target's."""
    target = "".join(sorted(letter.strip().upper() for letter in targets_of(sample)))
    option_count = len(sample.choices) or len(ascii_uppercase)
    letters = extract_letters(completion, option_count, several=len(target) > 1)
    if not letters:
        return unparsable("The response has no line of the form “ANSWER: <letter>”.")
    return compared(letters, target, correct=letters == target)


SCORERS: dict[str, Scorer] = {"mcq/inspect": score_choice}
