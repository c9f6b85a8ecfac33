r"""AIME integers as openbench 0.5.3 reads them (``boxed_int/openbench``).

The last non-empty ``\boxed{…}`` or ``\framebox{…}`` (after its last comma), else the last number
of the text; the integer that it begins with must lie in 0..999.
"""

from __future__ import annotations

import re

from app.engine.scorers.verdicts import compared, targets_of, unparsable
from app.engine.types import Sample, Scorer, Verdict

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_INTEGER = re.compile(r"-?\d+")
_MAX_DIGITS = 30


def _box_content_start(text: str, box: int) -> int | None:
    """Return where the content of the box command with ``box`` at index ``box`` begins."""
    if text.startswith("boxed{", box):
        return box + len("boxed{")
    if text.startswith("box{", box) and text.endswith("frame", 0, box):
        return box + len("box{")
    return None


def extract_boxed(text: str) -> str | None:
    """Return the last boxed content, else the last number, else ``None``."""
    before = len(text)  # searched up to here, from the end, so that no part is read twice
    close = -1
    while (box := text.rfind("box", 0, before)) >= 0:
        nearer = text.find("}", box, before)
        close = close if nearer < 0 else nearer
        before = box
        start = _box_content_start(text, box)
        if start is not None and close > start:
            return text[start:close].rsplit(",", 1)[-1].strip()
    number: str | None = None
    for found in _NUMBER.finditer(text):
        number = found.group()
    return number


def _integer(text: str) -> int | None:
    match = _INTEGER.match(text.replace(",", "").strip())
    if match:
        digits = match.group()
        return int(digits) if len(digits) <= _MAX_DIGITS else None
    try:
        return int(float(text))
    except (ValueError, OverflowError):
        return None


def score_boxed_integer(completion: str, sample: Sample) -> Verdict:
    """Compare the extracted integer with the target."""
    extracted = extract_boxed(completion)
    if extracted is None:
        return unparsable("The response has neither a boxed answer nor a number.")
    target = targets_of(sample)[0].strip()
    answer = _integer(extracted)
    if answer is None:
        return compared(extracted, target, correct=False)
    return compared(str(answer), target, correct=0 <= answer <= 999 and answer == _integer(target))


SCORERS: dict[str, Scorer] = {"boxed_int/openbench": score_boxed_integer}
