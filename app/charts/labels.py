"""Places the labels of a scatter plot so that they cover nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

CHAR_WIDTH = 6.4
"""Average width of a character at 11 px; wider than the truth, so that nothing touches."""

MARGIN_LEFT = 34
"""Pixels left of the plot that a label may use (the tick labels are there)."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""

_UP = ((-9, -8, "end"), (9, -8, "start"))
_DOWN = ((9, 17, "start"), (-9, 17, "end"))


@dataclass(frozen=True, slots=True)
class Spot:
    """A point in pixels with its name; ``first`` ones get the better places."""

    name: str
    x: float
    y: float
    first: bool


@dataclass(frozen=True, slots=True)
class Label:
    """Where a label goes, relative to its point."""

    spot: Spot
    dx: int
    dy: int
    anchor: Literal["start", "end"]


def place_labels(spots: Sequence[Spot], obstacles: Sequence[Box], width: float) -> list[Label]:
    """Place labels greedily in a plot of ``width`` pixels; those without room are left out."""
    taken = [*obstacles, *((s.x - 6, s.y - 6, s.x + 6, s.y + 6) for s in spots)]
    placed: list[Label] = []
    for spot in sorted(spots, key=lambda s: (not s.first, s.y)):
        for dx, dy, anchor in _UP + _DOWN if spot.first else _DOWN + _UP:
            label = Label(spot, dx, dy, "end" if anchor == "end" else "start")
            box = _box(label)
            if _fits(box, width) and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                placed.append(label)
                break
    return placed


def _box(label: Label) -> Box:
    length = len(label.spot.name) * CHAR_WIDTH
    left = label.spot.x + label.dx - (length if label.anchor == "end" else 0)
    baseline = label.spot.y + label.dy
    return left, baseline - 10, left + length, baseline + 3


def _fits(box: Box, width: float) -> bool:
    return box[0] >= -MARGIN_LEFT and box[2] <= width + 4 and box[1] > -8


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
