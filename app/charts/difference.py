"""Paired differences with their intervals, around zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.charts.figure import Key, bar_table, empty_figure, figure
from app.charts.markup import element, share
from app.charts.scale import Scale
from app.formats import points

MIDDLE = 12
LEAST_REACH = 0.01


@dataclass(frozen=True, slots=True)
class Difference:
    """One comparison: candidate minus baseline in shares, -1..1.

    Attributes:
        clear: Whether the test says that the difference is not chance; colours the number.
    """

    name: str
    value: float
    low: float
    high: float
    clear: bool


def differences(title: str, subtitle: str, rows: Sequence[Difference]) -> Markup:
    """Draw a dot and its interval a row, on a scale that is symmetric around zero."""
    if not rows:
        return empty_figure(title, subtitle)
    reach = max(LEAST_REACH, *(abs(end) for row in rows for end in (row.low, row.high)))
    scale = Scale(-reach * 1.06, reach * 1.06)
    head = ("Comparison", "Plot", "Difference in points", "95% interval")
    drawn = [_row(row, scale) for row in rows]
    legend = [Key("front dotk", "Difference, 95% interval"), Key("basek", "No difference")]
    return figure(title, subtitle, bar_table(head, drawn, cls="bars forest"), legend=legend)


def _row(row: Difference, scale: Scale) -> Markup:
    direction = "up" if row.value > 0 else "down"
    spoken = element("span", ", clear" if row.clear else ", may be chance", cls="sr")
    return element(
        "tr",
        element("th", element("span", row.name, cls="clip"), scope="row"),
        element("td", _plot(row, scale), cls="barcell"),
        element("td", points(row.value), spoken, cls=f"num {direction if row.clear else 'strong'}"),
        element("td", f"{points(row.low)} to {points(row.high)}", cls="num muted ci"),
    )


def _plot(row: Difference, scale: Scale) -> Markup:
    low, high, zero = (share(scale(value)) for value in (row.low, row.high, 0.0))
    return element(
        "svg",
        element("line", cls="grid", x1="0", x2="100%", y1=MIDDLE, y2=MIDDLE),
        element("line", cls="base", x1=zero, x2=zero, y1=2, y2=22),
        element("line", cls="ci-line", x1=low, x2=high, y1=MIDDLE, y2=MIDDLE),
        element("circle", cls="pt front", cx=share(scale(row.value)), cy=MIDDLE, r=4.5),
        width="100%",
        height=2 * MIDDLE,
        aria_hidden="true",
    )
