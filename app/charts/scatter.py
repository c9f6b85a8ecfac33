"""Score against cost, with the models that nobody beats on both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.charts.figure import Axes, Key, curves, data_table, empty_figure, figure, plot
from app.charts.labels import Box, Spot, place_labels
from app.charts.markup import element, join, share
from app.charts.scale import Scale, padded
from app.formats import interval, percent, usd

LABEL_WIDTHS = ((600, "lbls-l"), (285, "lbls-s"))
"""Labels are placed for a wide and for a narrow plot; a media query shows one of them."""


@dataclass(frozen=True, slots=True)
class ScatterPoint:
    """A model: what a run cost, its score 0..1 and interval."""

    name: str
    cost_usd: float
    value: float
    low: float
    high: float


def pareto_front(points: Sequence[ScatterPoint]) -> list[ScatterPoint]:
    """Return, from cheap to expensive, the points that no other beats on cost and score."""
    front: list[ScatterPoint] = []
    for point in sorted(points, key=lambda p: (p.cost_usd, -p.value)):
        if not front or point.value > front[-1].value:
            front.append(point)
    return front


def scatter(
    title: str,
    subtitle: str,
    points: Sequence[ScatterPoint],
    *,
    x_title: str = "Cost per run",
    height: int = 250,
) -> Markup:
    """Draw score against cost; the cost axis is logarithmic unless something was free."""
    if not points:
        return empty_figure(title, subtitle)
    front = pareto_front(points)
    axes = _axes(points, x_title, height)
    labels = [_labels(axes, points, front, width, cls) for width, cls in LABEL_WIDTHS]
    marks = join(_mark(axes, point, front=point in front) for point in points)
    sentence = ", ".join(f"{p.name} {percent(p.value)} at {usd(p.cost_usd)}" for p in front)
    return figure(
        title,
        subtitle,
        plot(
            axes,
            f"{title}. Pareto frontier from cheapest: {sentence}.",
            curves(height, _front_path(axes, front)),
            marks,
            *labels,
        ),
        _table(title, points, front),
        legend=[Key("front", "Pareto frontier"), Key("ptk", "Dominated")],
    )


def _axes(points: Sequence[ScatterPoint], x_title: str, height: int) -> Axes:
    costs = [point.cost_usd for point in points]
    log = min(costs) > 0
    x = (
        Scale(min(costs) / 1.9, max(costs) * 1.5, log=True)
        if log
        else Scale(0.0, max(costs) * 1.1 or 1.0)
    )
    return Axes(
        x=x,
        y=padded(
            [level for point in points for level in (point.low, point.high)],
            floor=0.0,
            ceiling=1.0,
        ),
        height=height,
        x_text=lambda tick: f"${tick:g}",
        y_text=lambda tick: percent(tick, 0),
        x_title=f"{x_title}, log scale" if log else x_title,
    )


def _front_path(axes: Axes, front: Sequence[ScatterPoint]) -> Markup:
    """Return the frontier as steps: what a budget buys at best."""
    start = f"M{axes.curve_x(front[0].cost_usd):.1f},{axes.top(front[0].value):.1f}"
    steps = "".join(f"H{axes.curve_x(p.cost_usd):.1f}V{axes.top(p.value):.1f}" for p in front[1:])
    return element("path", cls="front", d=f"{start}{steps}H1000")


def _mark(axes: Axes, point: ScatterPoint, *, front: bool) -> Markup:
    x = share(axes.x(point.cost_usd))
    whisker = element(
        "line", cls="whisk thin", x1=x, x2=x, y1=axes.top(point.high), y2=axes.top(point.low)
    )
    dot = element(
        "circle",
        cls="pt front" if front else "pt",
        cx=x,
        cy=axes.top(point.value),
        r=5 if front else 4,
        data_tip=f"{point.name}: {percent(point.value)} for {usd(point.cost_usd)}",
    )
    return whisker + dot


def _labels(
    axes: Axes,
    points: Sequence[ScatterPoint],
    front: Sequence[ScatterPoint],
    width: int,
    cls: str,
) -> Markup:
    spots = [
        Spot(p.name, axes.x(p.cost_usd) * width, axes.top(p.value), first=p in front)
        for p in points
    ]
    placed = place_labels(spots, _front_boxes(axes, front, width), width)
    texts = [
        element(
            "text",
            label.spot.name,
            cls="lbl front" if label.spot.first else "lbl",
            x=share(label.spot.x / width),
            y=label.spot.y + label.dy,
            dx=label.dx,
            text_anchor=label.anchor,
        )
        for label in placed
    ]
    return element("g", *texts, cls=cls)


def _front_boxes(axes: Axes, front: Sequence[ScatterPoint], width: int) -> list[Box]:
    """Return the frontier's steps as thin boxes, which labels must avoid."""
    boxes: list[Box] = []
    for index, point in enumerate(front):
        x, y = axes.x(point.cost_usd) * width, axes.top(point.value)
        if index + 1 == len(front):
            boxes.append((x, y - 1, width, y + 1))
            break
        after = front[index + 1]
        end, higher = axes.x(after.cost_usd) * width, axes.top(after.value)
        boxes += [(x, y - 1, end, y + 1), (end - 1, higher, end + 1, y)]
    return boxes


def _table(title: str, points: Sequence[ScatterPoint], front: Sequence[ScatterPoint]) -> Markup:
    rows = [
        [
            point.name,
            percent(point.value),
            interval(point.low, point.high),
            usd(point.cost_usd),
            "yes" if point in front else "no",
        ]
        for point in points
    ]
    return data_table(title, ["Model", "Score", "95% interval", "Cost", "Pareto frontier"], rows)
