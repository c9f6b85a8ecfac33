"""Histograms of values such as latencies."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from app.charts.figure import Axes, Key, data_table, empty_figure, figure, plot
from app.charts.markup import element, join, share
from app.charts.scale import Scale
from app.formats import DASH

OUTLIER_SHARE = 0.995
"""Values beyond this quantile are counted in the last bin, so that one of them does not
flatten all others."""

MARKS = (("p50", 0.5, "mark"), ("p95", 0.95, "mark far"))
"""Name, quantile and class of each line; the legend names them, where nothing is covered."""


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
    small = unit == "s" and end < 1
    spans = [_span(index, width, bins, unit, small=small) for index in range(bins)]
    columns = [_column(axes, index, counts, spans[index]) for index in range(bins)]
    marks = [(name, cls, quantile(ordered, q)) for name, q, cls in MARKS]
    label = (
        f"{title}. Median {_amount(quantile(ordered, 0.5), unit)}, 95th percentile "
        f"{_amount(quantile(ordered, 0.95), unit)}, {len(ordered):,} samples."
    )
    rows = [[span, f"{count:,}"] for span, count in zip(spans, counts, strict=True)]
    return figure(
        title,
        subtitle,
        plot(axes, label, join(columns), join(_mark(axes, cls, value) for _, cls, value in marks)),
        data_table(title, [noun, "Samples"], rows),
        legend=[Key(f"{name}k", f"{name} {_amount(value, unit)}") for name, _, value in marks],
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
        x_text=lambda tick: _tick(tick, end, unit),
        y_text=lambda tick: f"{tick:,g}",
        y_ticks=[tick for tick in y.ticks(4) if tick == int(tick)],
    )


def _tick(tick: float, end: float, unit: str) -> str:
    if tick == 0:
        return "0"
    if unit == "s" and end < 1:
        return f"{tick * 1000:g} ms"
    return f"{tick:g} {unit}"


def _span(index: int, width: float, bins: int, unit: str, *, small: bool) -> str:
    low, high = index * width, (index + 1) * width
    low_text, high_text = (f"{v * 1000:.0f}" if small else f"{v:.2f}" for v in (low, high))
    unit = "ms" if small else unit
    if index == bins - 1:
        return f"{low_text} {unit} and more"
    return f"{low_text}{DASH}{high_text} {unit}"


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


def _mark(axes: Axes, cls: str, value: float) -> Markup:
    place = share(axes.x(value))
    return element("line", cls=cls, x1=place, x2=place, y1=0, y2=axes.height)


def _amount(value: float, unit: str) -> str:
    if unit == "s" and value < 1:
        return f"{value * 1000:.0f} ms"
    return f"{value:.1f} {unit}"
