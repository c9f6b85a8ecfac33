"""Whether two equations say the same, decided on their LaTeX.

``x=2`` says what ``2x=4`` leaves to be found out: a solution is not the same answer as an equation
that has it, however simple. An equation of several unknowns describes a line or a curve, which is
the same with its sides moved or multiplied: ``2x+2y=8`` is ``x+y=4``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_COMMAND_OR_LETTER = re.compile(r"\\[A-Za-z]++|[A-Za-z]")
_OF_ITS_OWN = re.compile(r"[A-Za-z] ?[_']|(?<![A-Za-z\\])[fghFGP] ?\(")
"""Names with an index or a prime, and functions: nothing is put in for those."""

_CONSTANTS = frozenset("ei")
_VALUES = ("1009", "2741", "4243", "6133", "8093", "9941")
"""Put in for unknowns; a curve hardly runs through a point of these."""

Same = Callable[[str, str], bool]
"""Whether two expressions are equal."""


def unknowns(latex: str) -> list[str]:
    """Return the letters of an expression that stand for something, sorted."""
    found = {hit[0] for hit in _COMMAND_OR_LETTER.finditer(latex) if len(hit[0]) == 1}
    return sorted(found - _CONSTANTS)


def is_multiple(one: str, other: str, same: Same) -> bool:
    """Return whether ``one`` is ``other`` times a number that is not 0.

    Args:
        one: What an equation says to be 0.
        other: As above.
        same: Compares two expressions.
    """
    names = unknowns(one)
    if not names or names != unknowns(other) or len(names) > len(_VALUES):
        return False
    if _OF_ITS_OWN.search(one) or _OF_ITS_OWN.search(other):
        return False
    values = dict(zip(names, _VALUES, strict=False))
    at_one, at_other = _put_in(one, values), _put_in(other, values)
    if same(at_one, "0") or same(at_other, "0"):
        return False
    return same(f"({one})\\cdot ({at_other})", f"({other})\\cdot ({at_one})")


def _put_in(latex: str, values: dict[str, str]) -> str:
    def put(hit: re.Match[str]) -> str:
        return f"({values[hit[0]]})" if hit[0] in values else hit[0]

    return _COMMAND_OR_LETTER.sub(put, latex)
