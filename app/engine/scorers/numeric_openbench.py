"""Numbers as openbench 0.5.3 reads them (``numeric/openbench``, ``mgsm/openbench``).

The last number after the last, case-sensitive answer prefix; a minus sign is dropped, so -42 is
42. The prefix is ``answer_prefix`` of the sample's metadata (MGSM: the word of the language).
"""

from __future__ import annotations

import re

from app.engine.scorers.verdicts import compared, targets_of, unparsable
from app.engine.types import Sample, Scorer, Verdict

_NUMBER = re.compile(r"\d+\.?\d*")
DEFAULT_PREFIX = "Answer"


def extract_number(completion: str, prefix: str) -> str:
    """Return the last number after the last ``prefix``, without commas; ``""`` without one."""
    _, found, tail = completion.rpartition(prefix)
    if not found:
        return ""
    number = ""
    for match in _NUMBER.finditer(tail.replace(",", "")):
        number = match.group()
    return number.rstrip(".")


def normalise_number(number: str) -> str:
    """Return ``number`` without commas and without zeros that end a decimal fraction."""
    number = number.replace(",", "")
    return number.rstrip("0").rstrip(".") if "." in number else number


def score_number(completion: str, sample: Sample) -> Verdict:
    """Compare the extracted number with the target, as normalised text."""
    prefix = str(sample.metadata.get("answer_prefix") or DEFAULT_PREFIX)
    number = extract_number(completion, prefix)
    if not number:
        return unparsable(f"No number was found after “{prefix}” in the response.")
    target = targets_of(sample)[0]
    correct = normalise_number(number) == normalise_number(target)
    return compared(number, target, correct=correct)


SCORERS: dict[str, Scorer] = {
    "numeric/openbench": score_number,
    "mgsm/openbench": score_number,
}
