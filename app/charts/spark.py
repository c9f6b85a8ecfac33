"""A trend in the size of a word."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from app.charts.figure import path
from app.charts.markup import element
from app.charts.scale import padded

WIDTH = 72
HEIGHT = 22
MARGIN = 2


def spark(values: Sequence[float], label: str = "Trend") -> Markup:
    """Draw values from left to right; a dash for fewer than two."""
    if len(values) < 2:
        return element("span", "–", cls="muted")
    scale = padded(values, pad=0.12)
    room = WIDTH - 2 * MARGIN
    corners = [
        (MARGIN + room * index / (len(values) - 1), HEIGHT - MARGIN - scale(value) * 18)
        for index, value in enumerate(values)
    ]
    x, y = corners[-1]
    return element(
        "svg",
        path("line", corners),
        element("circle", cls="end", cx=x, cy=y, r=2),
        cls="spark",
        width=WIDTH,
        height=HEIGHT,
        role="img",
        aria_label=label,
    )
