r"""AIME integers as openbench 0.5.3 reads them (``boxed_int/openbench``).

The last ``\boxed{…}``, ``\fbox{…}`` or ``\framebox{…}`` (after its last comma), else the last
number of the text; the integer that it begins with must lie in 0..999. A box ends at the first
closing brace, and a box in a box is part of the outer one.
"""

from __future__ import annotations

import re

from app.engine.scorers.verdicts import compared, targets_of, unparsable
from app.engine.types import Sample, Scorer, Verdict

_BOX = re.compile(r"\\(?:boxed|fbox|framebox)\{")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_INTEGER = re.compile(r"-?\d+")


def extract_boxed(text: str) -> str | None:
    """Return the last boxed content, else the last number, else ``None``."""
    content = _last_box(text)
    if content is not None:
        return content.rsplit(",", 1)[-1].strip()
    number: str | None = None
    for found in _NUMBER.finditer(text):
        number = found.group()
    return number


def _last_box(text: str) -> str | None:
    content: str | None = None
    read = 0
    for box in _BOX.finditer(text):
        if box.start() < read:
            continue
        close = text.find("}", box.end())
        if close < 0:
            break
        content = text[box.end() : close]
        read = close + 1
    return content


def _integer(text: str) -> int | None:
    match = _INTEGER.match(text.replace(",", "").strip())
    try:
        return int(match.group()) if match else int(float(text))
    except (ValueError, OverflowError):  # no number, too many digits, or infinite
        return None


def score_boxed_integer(completion: str, sample: Sample) -> Verdict:
    """Compare the extracted integer with the target."""
    extracted = extract_boxed(completion)
    if not extracted:
        return unparsable("The response has neither a boxed answer nor a number, or an empty box.")
    target = targets_of(sample)[0].strip()
    answer = _integer(extracted)
    if answer is None:
        return compared(extracted, target, correct=False)
    return compared(str(answer), target, correct=0 <= answer <= 999 and answer == _integer(target))


SCORERS: dict[str, Scorer] = {"boxed_int/openbench": score_boxed_integer}
