"""How values such as latencies are spread."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from app.charts.figure import Axes, data_table, empty_figure, figure, plot
from app.charts.formats import DASH
from app.charts.markup import element, join, share
from app.charts.scale import Scale

OUTLIER_SHARE = 0.995
"""Values beyond this quantile are counted in the last bin, so that one of them does not
flatten all others."""

EDGE = 0.2
"""Share of the width beside an edge in which a label has room on one side only."""

MARKS = (("p50", 0.5), ("p95", 0.95))


def histogram(
    title: str,
    subtitle: str,
    values: Sequence[float],
    *,
    unit: str = "s",
    noun: str = "Latency",
    bins: int = 24,
    height: int = 150,
) -> Markup:
    """Draw counts of non-negative values in equal bins from 0, with median and 95th percentile."""
    if not values:
        return empty_figure(title, subtitle)
    ordered = sorted(values)
    end = quantile(ordered, OUTLIER_SHARE) or 1.0
    width = end / bins
    counts = [0] * bins
    for value in ordered:
        counts[min(bins - 1, max(0, int(value / width)))] += 1
    axes = _axes(end, max(counts), height, unit)
    spans = [_span(index, width, bins, unit) for index in range(bins)]
    columns = [_column(axes, index, counts, spans[index]) for index in range(bins)]
    marks = [_mark(axes, name, quantile(ordered, q), unit) for name, q in MARKS]
    label = (
        f"{title}. Median {quantile(ordered, 0.5):.2f} {unit}, 95th percentile "
        f"{quantile(ordered, 0.95):.2f} {unit}, {len(ordered):,} samples."
    )
    rows = [[span, f"{count:,}"] for span, count in zip(spans, counts, strict=True)]
    return figure(
        title,
        subtitle,
        plot(axes, label, join(columns), join(marks)),
        data_table(title, [noun, "Samples"], rows),
    )


def quantile(ordered: Sequence[float], q: float) -> float:
    """Return the value below which a share ``q`` of sorted values lies (nearest rank)."""
    return ordered[max(0, math.ceil(q * len(ordered) - 1e-9) - 1)]


def _axes(end: float, highest: int, height: int, unit: str) -> Axes:
    y = Scale(0.0, highest * 1.12)
    return Axes(
        x=Scale(0.0, end),
        y=y,
        height=height,
        x_text=lambda tick: f"{tick:g}{unit}",
        y_text=lambda tick: f"{tick:,g}",
        y_ticks=[tick for tick in y.ticks(4) if tick == int(tick)],
    )


def _span(index: int, width: float, bins: int, unit: str) -> str:
    low = f"{index * width:.2f}"
    if index == bins - 1:
        return f"{low} {unit} and more"
    return f"{low}{DASH}{(index + 1) * width:.2f} {unit}"


def _column(axes: Axes, index: int, counts: Sequence[int], span: str) -> Markup:
    top = axes.top(counts[index])
    return element(
        "rect",
        cls="hist",
        x=share(index / len(counts)),
        y=top,
        width=share(0.82 / len(counts)),
        height=axes.height - top,
        rx=1.5,
        data_tip=f"{span}: {counts[index]:,} samples",
    )


def _mark(axes: Axes, name: str, value: float, unit: str) -> Markup:
    place = axes.x(value)
    # The median is named on its left and the tail on its right, so that two close marks stay
    # legible; near the edges there is only one side.
    left = place > EDGE if name == "p50" else place > 1 - EDGE
    line = element("line", cls="mark", x1=share(place), x2=share(place), y1=6, y2=axes.height)
    text = element(
        "text",
        f"{name} {_duration(value, unit)}",
        cls="lbl front",
        x=share(place),
        y=14 if name == "p50" else 28,
        dx=-5 if left else 5,
        text_anchor="end" if left else None,
    )
    return line + text


def _duration(value: float, unit: str) -> str:
    if unit == "s" and value < 1:
        return f"{value * 1000:.0f} ms"
    return f"{value:.1f} {unit}"
