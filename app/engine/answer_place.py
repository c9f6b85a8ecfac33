"""Finds where in a reply the answer stands that a scorer took out of it."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

MOST_CHARS = 50_000
_LONGEST = 200
_MOST_BETWEEN = 40
_ANNOUNCED = re.compile(r"answer|boxed|####|final|choice|option|result", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text, from ``start`` up to ``end``."""

    start: int
    end: int


def place_in(reply: str, answer: str | None) -> Span | None:
    """Return where the answer stands in a reply: behind words that announce it, or the last time.

    ``None`` where it is not there literally (scorers rewrite what they read), where it is the
    whole reply, and in replies of more than ``MOST_CHARS``. Linear in the reply.
    """
    wanted = (answer or "").strip()
    if not wanted or len(wanted) > _LONGEST or len(reply) > MOST_CHARS or wanted == reply.strip():
        return None
    found = [Span(*each.span()) for each in _pattern(wanted).finditer(reply)]
    if announced := _announced(reply, found):
        return announced
    if len(wanted) == 1 and wanted.isalpha():
        found = [span for span in found if _is_letter_alone(reply, span)]
    return found[-1] if found else None


def _announced(reply: str, found: Sequence[Span]) -> Span | None:
    """Return what first follows the last words that announce it."""
    starts = [span.start for span in found]
    for words in reversed([each.end() for each in _ANNOUNCED.finditer(reply)]):
        at = bisect_left(starts, words)
        if at == len(found) or starts[at] - words > _MOST_BETWEEN:
            continue
        between = reply[words : starts[at]]
        if "\n" not in between or not re.search(r"\w", between):
            return found[at]
    return None


def _pattern(wanted: str) -> re.Pattern[str]:
    if _NUMBER.fullmatch(wanted):
        return _number_pattern(wanted)
    words = r"\s++".join(re.escape(word) for word in wanted.split())
    before = r"(?<!\w)" if wanted[0].isalnum() else ""
    after = r"(?!\w)" if wanted[-1].isalnum() else ""
    flags = 0 if len(wanted) == 1 else re.IGNORECASE
    return re.compile(f"{before}{words}{after}", flags)


def _number_pattern(wanted: str) -> re.Pattern[str]:
    """Return the pattern of a number with or without commas and zeros behind the point."""
    sign, plain = ("-", wanted[1:]) if wanted.startswith("-") else ("", wanted)
    integer, _, fraction = plain.replace(",", "").partition(".")
    fraction = fraction.rstrip("0")
    digits = ",?".join(integer)
    behind = rf"\.{fraction}0*" if fraction else r"(?:\.0+)?"
    return re.compile(rf"(?<![\w.,-]){re.escape(sign)}{digits}{behind}(?![\w]|[.,]\d)")


def _is_letter_alone(reply: str, span: Span) -> bool:
    """Return whether a letter stands for an option, and is not the word "A" or "I"."""
    return re.match(r" [a-z]", reply[span.end : span.end + 2]) is None
