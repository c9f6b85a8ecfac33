"""The icon of a run's browser tab: how far it is, or how it ended."""

from __future__ import annotations

from markupsafe import Markup

from app.charts.markup import element

_COLORS = {
    "idle": "slategray",
    "run": "royalblue",
    "warn": "darkorange",
    "ok": "seagreen",
    "bad": "crimson",
}
_SIGNS = {"ok": "M6 11.5 9.5 15 16 7.5", "bad": "M7 7 15 15M15 7 7 15", "warn": "M8.5 7v8M13.5 7v8"}
TONES = tuple(_COLORS)


def tab_icon(tone: str, percent: int) -> Markup:
    """Return an SVG: a ring that fills while a run goes on, a disc with a sign at its end.

    Colours are its own and not the theme's: a tab may be light or dark, whatever the page is.

    Args:
        tone: One of ``TONES``.
        percent: How much is done, of a run under way.
    """
    color = _COLORS[tone]
    if tone in _SIGNS:
        shapes = (
            element("circle", cx=11, cy=11, r=10, fill=color),
            _line("path", d=_SIGNS[tone], stroke="white", stroke_width=2.5, stroke_linecap="round"),
        )
    else:
        ring: dict[str, str | float] = {"cx": 11, "cy": 11, "r": 8, "stroke_width": 4}
        done: dict[str, str | float] = {"pathLength": 100, "stroke_dasharray": f"{percent} 100"}
        shapes = (
            _line("circle", stroke=color, stroke_opacity="0.3", **ring),
            _line("circle", stroke=color, transform="rotate(-90 11 11)", **ring, **done),
        )
    return element("svg", *shapes, xmlns="http://www.w3.org/2000/svg", viewBox="0 0 22 22")


def _line(name: str, **attributes: str | float) -> Markup:
    return element(name, fill="none", **attributes)
