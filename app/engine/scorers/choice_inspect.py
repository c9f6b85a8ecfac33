"""Multiple choice as inspect_ai 0.3.285 reads it (``mcq/inspect``).

Only ``ANSWER: X`` counts, where X may be wrapped in ``**``, ``$`` or parentheses: the last line
that says nothing else, or the last mention in running text where there is no such line. Several
letters are a hedge and count as no answer, unless the sample has several right options.
"""

from __future__ import annotations

import re

from app.engine.scorers.verdicts import compared, targets_of, unparsable
from app.engine.types import Sample, Scorer, Verdict

_MARKER = re.compile(r"ANSWER\s*:\s*", re.IGNORECASE)
_WRAPPED = re.compile(r"(?:\*\*([\w ,]+)\*\*|\*([\w ,]+)\*|\$([\w ,]+)\$|\(([\w ,]+)\))", re.ASCII)
_PLAIN = re.compile(r"[A-Za-z\d ,]+")
_LINE_END = re.compile(r"[^\S\n]*(?:\n|\.|\Z)")
_MAX_ANSWER_CHARS = 200


def _candidate(text: str, start: int) -> tuple[str, bool] | None:
    """Return what stands after a marker, and whether its line says nothing else."""
    wrapped = _WRAPPED.match(text, start)
    if wrapped:
        return wrapped.group(wrapped.lastindex or 0), bool(_LINE_END.match(text, wrapped.end()))
    plain = _PLAIN.match(text, start)
    if plain is None:
        # Something other than an answer follows, such as a quotation mark.
        return ("", False) if start < len(text) and not text[start].isalnum() else None
    if _LINE_END.match(text, plain.end()):
        return plain.group(), True
    found = plain.group()
    if text[plain.end()].isalnum():  # a letter beyond A-Z: the word is cut off, take those before
        found = found[: max(found.rfind(" "), found.rfind(","), 0)]
    return found, False


def _answer_text(completion: str) -> str | None:
    strict: str | None = None
    loose: str | None = None
    for marker in _MARKER.finditer(completion):
        candidate = _candidate(completion, marker.end())
        if candidate is None:
            continue
        text, alone = candidate
        at_line_start = marker.start() == 0 or completion[marker.start() - 1] == "\n"
        if alone and at_line_start:
            strict = text
        else:
            loose = text
    return loose if strict is None else strict


def extract_letters(completion: str, option_count: int, *, several: bool = False) -> str:
    """Return the chosen letters, sorted (``"A"``, ``"BD"``); ``""`` where there are none.

    Args:
        completion: What the model wrote.
        option_count: How many options were offered; letters beyond them do not count.
        several: More than one option may be right.
    """
    text = _answer_text(completion)
    if text is None or len(text) > _MAX_ANSWER_CHARS:
        return ""
    allowed = {chr(ord("A") + index) for index in range(option_count)}
    text = text.strip(" ,").upper()
    if not several:
        return text if text in allowed else ""
    letters = set(re.sub(r" AND |[ ,]", "", text))
    return "".join(sorted(letters)) if letters <= allowed else ""


def score_choice(completion: str, sample: Sample) -> Verdict:
    """Compare the chosen letter (or set of letters) with the target's."""
    target = "".join(sorted(letter.strip().upper() for letter in targets_of(sample)))
    option_count = len(sample.choices) or 26
    letters = extract_letters(completion, option_count, several=len(target) > 1)
    if not letters:
        return unparsable("The response has no line of the form “ANSWER: <letter>”.")
    return compared(letters, target, correct=letters == target)


SCORERS: dict[str, Scorer] = {"mcq/inspect": score_choice}
