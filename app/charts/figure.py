"""What all charts share: the figure, the plot area with its axes, the table beneath.

Horizontal positions are percentages and vertical ones pixels, so text never scales and
nothing has to be redrawn when the width changes. Colour comes from CSS classes only; there is
no style attribute and no script, as the content security policy wants it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.charts.markup import element, join, share
from app.charts.scale import Scale

CURVE_WIDTH = 1000
"""Width of the coordinate system of curves, which is stretched to the width of the plot."""

MAX_TABLE_ROWS = 200


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of a legend: the class of its mark and its text."""

    cls: str
    text: str


@dataclass(frozen=True, slots=True)
class Axes:
    """The two scales of a plot and how their ticks read."""

    x: Scale
    y: Scale
    height: int
    x_text: Callable[[float], str]
    y_text: Callable[[float], str]
    x_title: str = ""
    x_ticks: Sequence[float] | None = None
    y_ticks: Sequence[float] | None = None

    def top(self, value: float) -> float:
        """Return the vertical position of a value in pixels."""
        return self.height - self.y(value) * self.height

    def curve_x(self, value: float) -> float:
        """Return the horizontal position of a value within ``curves``."""
        return self.x(value) * CURVE_WIDTH


def figure(
    title: str,
    subtitle: str,
    *content: Markup,
    legend: Sequence[Key] = (),
) -> Markup:
    """Return a figure with its caption and legend; without a title its panel has one."""
    keys = [element("span", key.text, cls=f"key {key.cls}") for key in legend]
    caption = [
        element("span", text, cls=cls)
        for text, cls in ((title, "chart-title"), (subtitle, "chart-sub"))
        if text
    ]
    if keys:
        caption.append(element("span", *keys, cls="legend"))
    return element("figure", element("figcaption", *caption), *content, cls="chart")


def empty_figure(title: str, subtitle: str, message: str = "Nothing to show yet.") -> Markup:
    """Return a figure that says why there is no chart."""
    return figure(title, subtitle, element("p", message, cls="muted chart-empty"))


def plot(axes: Axes, label: str, *body: Markup) -> Markup:
    """Return the plot area with grid and ticks; ``label`` says in words what it shows."""
    height = axes.height
    parts = [_y_tick(axes, tick) for tick in axes.y_ticks or axes.y.ticks(6)]
    ticks = _without_repeats(axes.x_ticks or axes.x.ticks(6), axes.x_text)
    parts += [_x_tick(axes, tick, index, len(ticks)) for index, tick in enumerate(ticks)]
    parts.append(element("line", cls="axis", x1="0", x2="100%", y1=height, y2=height))
    if axes.x_title:
        parts.append(
            element("text", axes.x_title, cls="tick", x="100%", y=height + 36, text_anchor="end")
        )
    svg = element(
        "svg",
        *parts,
        *body,
        cls="plot",
        width="100%",
        height=height + (42 if axes.x_title else 24),
        role="img",
        aria_label=label,
    )
    return element("div", svg, cls="xy")


def _without_repeats(ticks: Sequence[float], text: Callable[[float], str]) -> list[float]:
    """Leave out ticks with the same label as the one before."""
    return [
        tick
        for index, tick in enumerate(ticks)
        if not index or text(tick) != text(ticks[index - 1])
    ]


def _y_tick(axes: Axes, tick: float) -> Markup:
    y = axes.top(tick)
    line = element("line", cls="grid", x1="0", x2="100%", y1=y, y2=y)
    text = element("text", axes.y_text(tick), cls="tick", x="-8", y=y + 4, text_anchor="end")
    return line + text


def _x_tick(axes: Axes, tick: float, index: int, count: int) -> Markup:
    """Return a tick of the x axis; on narrow screens every second label is hidden."""
    cls = "tick minor" if index % 2 and count > 4 else "tick"
    return element(
        "text",
        axes.x_text(tick),
        cls=cls,
        x=share(axes.x(tick)),
        y=axes.height + 18,
        text_anchor="middle",
    )


def curves(height: int, *paths: Markup) -> Markup:
    """Return lines and areas, stretched to the width of the plot (strokes stay as they are)."""
    return element(
        "svg",
        *paths,
        x="0",
        y="0",
        width="100%",
        height=height,
        viewBox=f"0 0 {CURVE_WIDTH} {height}",
        preserveAspectRatio="none",
        aria_hidden="true",
    )


def path(cls: str, corners: Sequence[tuple[float, float]], *, closed: bool = False) -> Markup:
    """Return a path through corners."""
    line = "L".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    return element("path", cls=cls, d=f"M{line}{'Z' if closed else ''}")


def data_table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Markup:
    """Return the numbers of a chart as a table behind a disclosure."""
    header = element(
        "tr",
        *(
            element("th", text, scope="col", cls="num" if index else None)
            for index, text in enumerate(head)
        ),
    )
    body = join(
        element(
            "tr",
            element("th", row[0], scope="row"),
            *(element("td", text, cls="num") for text in row[1:]),
        )
        for row in rows[:MAX_TABLE_ROWS]
    )
    table = element(
        "table",
        element("caption", caption, cls="sr"),
        element("thead", header),
        element("tbody", body),
        cls="mini",
    )
    region = element(
        "div", table, cls="scroll", tabindex="0", role="region", aria_label=f"{caption}, data"
    )
    return element("details", element("summary", "View as table"), region, cls="chart-data")


def bar_table(head: Sequence[str], rows: Sequence[Markup], *, cls: str = "bars") -> Markup:
    """Return a chart that is itself a table; its head is for screen readers."""
    cells = [element("th", text, scope="col") for text in head]
    return element(
        "table",
        element("thead", element("tr", *cells), cls="sr"),
        element("tbody", *rows),
        cls=cls,
    )
