"""Scores as bars with their intervals; the chart is a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.charts.figure import bar_table, empty_figure, figure
from app.charts.markup import element, share
from app.charts.scale import Scale
from app.formats import interval, percent

MIDDLE = 11
"""Vertical middle of a bar's cell in pixels."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One score, 0..1, with its 95 % interval.

    Attributes:
        highlighted: Drawn at full strength.
        href: Where the name leads to.
    """

    name: str
    value: float
    low: float
    high: float
    highlighted: bool = False
    href: str | None = None


def bars(
    title: str,
    subtitle: str,
    rows: Sequence[Bar],
    *,
    name_head: str = "Model",
    value_head: str = "Score",
) -> Markup:
    """Draw one bar a row, in the order given, on the full scale from 0 % to 100 %."""
    if not rows:
        return empty_figure(title, subtitle)
    head = (name_head, "Bar", value_head, "95% interval")
    return figure(title, subtitle, bar_table(head, [_row(row) for row in rows]))


def _row(row: Bar) -> Markup:
    name = element("span", row.name, cls="mono clip")
    if row.href:
        name = element("a", name, href=row.href)
    return element(
        "tr",
        element("th", name, scope="row"),
        element("td", _bar(row), cls="barcell"),
        element("td", percent(row.value), cls="num strong"),
        element("td", interval(row.low, row.high), cls="num muted ci"),
        cls="hot" if row.highlighted else None,
    )


def _bar(row: Bar) -> Markup:
    scale = Scale(0.0, 1.0)
    low, high = share(scale(row.low)), share(scale(row.high))
    y = MIDDLE - 3
    return element(
        "svg",
        element("rect", cls="track", x="0", y=y, width="100%", height=6, rx=3),
        element("rect", cls="bar", x="0", y=y, width=share(scale(row.value)), height=6, rx=3),
        element("line", cls="whisk-bg", x1=low, x2=high, y1=MIDDLE, y2=MIDDLE),
        element("line", cls="whisk", x1=low, x2=high, y1=MIDDLE, y2=MIDDLE),
        element("line", cls="whisk", x1=low, x2=low, y1=MIDDLE - 4, y2=MIDDLE + 4),
        element("line", cls="whisk", x1=high, x2=high, y1=MIDDLE - 4, y2=MIDDLE + 4),
        width="100%",
        height=2 * MIDDLE,
        aria_hidden="true",
    )
