"""Draws what the page of a run shows as charts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from app.charts.histogram import histogram
from app.charts.line_band import BandPoint, Series, line_band


def draw_run(
    run: dict[str, Any], latencies_ms: Sequence[int], history: Sequence[dict[str, Any]]
) -> dict[str, Markup | None]:
    """Return the charts of a run by name; ``None`` where there is nothing to show yet.

    Args:
        run: As pages show it.
        latencies_ms: Of its calls.
        history: How its score developed.
    """
    return {
        "running": None if run["active"] or len(history) < 2 else _running(history),
        "latency": histogram(
            "Latency",
            f"{len(latencies_ms):,} calls, retries left out",
            [value / 1000 for value in latencies_ms],
        )
        if latencies_ms
        else None,
    }


def _running(history: Sequence[dict[str, Any]]) -> Markup:
    points = [
        BandPoint(
            point["done"],
            point["value"],
            point["low"],
            point["high"],
            f"after {point['done']:,} samples",
        )
        for point in history
    ]
    return line_band(
        "Running score",
        "with its 95% interval, in the order of the answers",
        [Series("Score", points)],
        x_title="samples",
    )
