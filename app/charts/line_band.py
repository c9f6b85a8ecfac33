"""Scores over samples or time as lines, each with the band of its interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.charts.figure import (
    Axes,
    Key,
    curves,
    data_table,
    empty_figure,
    figure,
    path,
    plot,
)
from app.charts.markup import element, join, share
from app.charts.scale import Scale, padded
from app.formats import interval, percent

MAX_SERIES = 6
"""As many colours as the palette has."""

MAX_MARKS = 14
"""Dots of a line, and rows of the table; the curve itself has every point."""


@dataclass(frozen=True, slots=True)
class BandPoint:
    """A score, 0..1, with its interval, at ``x``; ``label`` names the place in words."""

    x: float
    value: float
    low: float
    high: float
    label: str


@dataclass(frozen=True, slots=True)
class Series:
    """A line; its points are in the order of ``x``."""

    name: str
    points: Sequence[BandPoint]


def line_band(
    title: str,
    subtitle: str,
    series: Sequence[Series],
    *,
    x_title: str = "",
    x_text: Callable[[float], str] = lambda tick: f"{tick:,.0f}",
    height: int = 190,
) -> Markup:
    """Draw up to six lines, since more could not be told apart.

    Raises:
        ValueError: More than ``MAX_SERIES`` lines.
    """
    if len(series) > MAX_SERIES:
        raise ValueError(f"at most {MAX_SERIES} lines can be told apart")
    drawn = [line for line in series if line.points]
    if not drawn:
        return empty_figure(title, subtitle)
    axes = _axes(drawn, x_title, x_text, height)
    shapes = [_curve(axes, line, n) for n, line in enumerate(drawn, start=1)]
    dots = [_dots(axes, line, n) for n, line in enumerate(drawn, start=1)]
    legend = [Key(f"s{n}", line.name) for n, line in enumerate(drawn, start=1)]
    return figure(
        title,
        subtitle,
        plot(axes, _sentence(title, drawn), curves(height, *shapes), *dots),
        _table(title, drawn),
        legend=legend,
    )


def _axes(
    series: Sequence[Series],
    x_title: str,
    x_text: Callable[[float], str],
    height: int,
) -> Axes:
    every = [point for line in series for point in line.points]
    levels = [level for point in every for level in (point.low, point.high)]
    places = [point.x for point in every]
    y = padded(levels, floor=0.0, ceiling=1.0)
    # where all values are close together, whole percents would repeat
    digits = 0 if y.high - y.low > 0.04 else 1
    return Axes(
        x=Scale(min(places), max(places)),
        y=y,
        height=height,
        x_text=x_text,
        y_text=lambda tick: percent(tick, digits),
        x_title=x_title,
    )


def _curve(axes: Axes, line: Series, number: int) -> Markup:
    upper = [(axes.curve_x(p.x), axes.top(p.high)) for p in line.points]
    lower = [(axes.curve_x(p.x), axes.top(p.low)) for p in line.points]
    middle = [(axes.curve_x(p.x), axes.top(p.value)) for p in line.points]
    band = path(f"band s{number}", [*upper, *reversed(lower)], closed=True)
    return band + path(f"line s{number}", middle)


def _marked(points: Sequence[BandPoint]) -> list[BandPoint]:
    """Return evenly spaced points, the last one always among them."""
    step = -(-len(points) // MAX_MARKS)
    return list(reversed(points[::-1][::step]))


def _dots(axes: Axes, line: Series, number: int) -> Markup:
    marked = _marked(line.points)
    return join(
        element(
            "circle",
            cls=f"dot s{number}{' last' if point is marked[-1] else ''}",
            cx=share(axes.x(point.x)),
            cy=axes.top(point.value),
            r=3,
            data_tip=f"{line.name} · {point.label}: {_score(point)}",
        )
        for point in marked
    )


def _score(point: BandPoint) -> str:
    return f"{percent(point.value)} [{interval(point.low, point.high)}]"


def _sentence(title: str, series: Sequence[Series]) -> str:
    parts = []
    for line in series:
        first, last = line.points[0], line.points[-1]
        parts.append(
            f"{line.name} from {percent(first.value)} to {percent(last.value)}, 95% interval now "
            f"{percent(last.low)} to {percent(last.high)}"
        )
    return f"{title}. {'; '.join(parts)}."


def _table(title: str, series: Sequence[Series]) -> Markup:
    if len(series) == 1:
        rows = [[point.label, _score(point)] for point in _marked(series[0].points)]
        return data_table(title, ["Point", series[0].name], rows)
    rows = [
        [f"{line.name}, {point.label}", _score(point)]
        for line in series
        for point in _marked(line.points)
    ]
    return data_table(title, ["Point", "Score [95% interval]"], rows)
