"""Splits long names so that what tells them apart is not cut off."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os.path import commonprefix

TAIL = 16
"""Last characters of a name that are kept where it stands alone: date, size or variant."""
LEAST_CUT = 4
"""Fewer characters than these are not worth a cut: the ellipsis is as wide."""
MOST_CORE = 24
"""As wide as pages show a core, see ``.name-core``."""
_PIECES = re.compile(r"[^-/:_. ]*+[-/:_. ]?")


@dataclass(frozen=True, slots=True)
class NameParts:
    """A name in three parts; only ``head`` and ``end`` may be cut."""

    head: str
    core: str
    end: str = ""


def name_parts(name: str, others: Iterable[str] = ()) -> NameParts:
    """Return the parts of a name; ``core`` is what the ``others`` do not have.

    Without others, or where they are the same, it is the end of the name.
    """
    unlike = [other for other in others if other != name]
    if not unlike:
        if len(name) < TAIL + LEAST_CUT:
            return NameParts("", name)
        return NameParts(name[:-TAIL], name[-TAIL:])
    pieces, rest = _PIECES.findall(name), [_PIECES.findall(other) for other in unlike]
    before = min(_common(pieces, other) for other in rest)
    after = min(_common(pieces[before:][::-1], other[before:][::-1]) for other in rest)
    head, core = "".join(pieces[:before]), "".join(pieces[before : len(pieces) - after])
    if not core or len(core) > MOST_CORE:  # the others only have more, or nothing is alike
        return name_parts(name)
    return NameParts(head, core, name[len(head) + len(core) :])


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    return len(commonprefix([list(first), list(second)]))
