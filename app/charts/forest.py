"""Scores by category with their intervals, against a baseline where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.charts.figure import Key, bar_table, empty_figure, figure
from app.charts.markup import element, share
from app.charts.scale import Scale, padded
from app.formats import interval, percent, points

MIDDLE = 12


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One category: samples, score 0..1, interval, and the baseline's score if any.

    ``href`` is where its name leads to.
    """

    name: str
    n: int
    value: float
    low: float
    high: float
    baseline: float | None = None
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Where rows are left out: after so many, and what stands there."""

    after: int
    text: str


def forest(
    title: str,
    subtitle: str,
    rows: Sequence[ForestRow],
    *,
    name: str = "This run",
    baseline_name: str = "Baseline",
    gap: Gap | None = None,
) -> Markup:
    """Draw a dot and its interval a row; the baseline is a tick.

    The last column is the difference from the baseline, coloured only where the interval
    excludes it, or the interval itself where no row has a baseline.
    """
    if not rows:
        return empty_figure(title, subtitle)
    compared = any(row.baseline is not None for row in rows)
    levels = [level for row in rows for level in (row.low, row.high)]
    levels += [row.baseline for row in rows if row.baseline is not None]
    scale = padded(levels, floor=0.0, ceiling=1.0)
    legend = [Key("front dotk", f"{name}, 95% interval")]
    if compared:
        legend.append(Key("basek", baseline_name))
    head = ("Category", "Plot", name, "Difference" if compared else "95% interval")
    drawn = [_row(row, scale, baseline_name, compared=compared) for row in rows]
    if gap is not None:
        words = element("td", gap.text, cls="muted gap", colspan=len(head))
        drawn.insert(gap.after, element("tr", words))
    return figure(title, subtitle, bar_table(head, drawn, cls="bars forest"), legend=legend)


def _row(row: ForestRow, scale: Scale, baseline_name: str, *, compared: bool) -> Markup:
    count = element("span", f"n={row.n:,}", cls="muted n")
    name = element("a", row.name, cls="link", href=row.href) if row.href else row.name
    last = (
        _difference(row, baseline_name)
        if compared
        else element("td", interval(row.low, row.high), cls="num muted ci")
    )
    return element(
        "tr",
        element("th", name, " ", count, scope="row"),
        element("td", _dot(row, scale), cls="barcell"),
        element("td", percent(row.value), cls="num strong"),
        last,
    )


def _difference(row: ForestRow, baseline_name: str) -> Markup:
    if row.baseline is None:
        return element("td", "–", cls="num muted")
    difference = row.value - row.baseline
    clear = not row.low <= row.baseline <= row.high
    direction = "up" if difference > 0 else "down"
    words = "outside" if clear else "within"
    spoken = element("span", f" points vs {baseline_name}, {words} the interval", cls="sr")
    return element("td", points(difference), spoken, cls=f"num {direction if clear else 'muted'}")


def _dot(row: ForestRow, scale: Scale) -> Markup:
    low, high = share(scale(row.low)), share(scale(row.high))
    parts = [
        element("line", cls="grid", x1="0", x2="100%", y1=MIDDLE, y2=MIDDLE),
        element("line", cls="ci-line", x1=low, x2=high, y1=MIDDLE, y2=MIDDLE),
    ]
    if row.baseline is not None:
        x = share(scale(row.baseline))
        parts.append(element("line", cls="base", x1=x, x2=x, y1=4, y2=20))
    parts.append(element("circle", cls="pt front", cx=share(scale(row.value)), cy=MIDDLE, r=4.5))
    return element("svg", *parts, width="100%", height=2 * MIDDLE, aria_hidden="true")
