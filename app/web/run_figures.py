"""Draws what the page of a run shows as charts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from app.charts.forest import ForestRow, forest
from app.charts.histogram import histogram
from app.charts.line_band import BandPoint, Series, line_band


def draw_run(
    run: dict[str, Any],
    latencies_ms: Sequence[int],
    history: Sequence[dict[str, Any]],
    *,
    is_still: bool = False,
) -> dict[str, Markup | None]:
    """Return the charts of a run by name; ``None`` where there is nothing to show yet.

    Args:
        run: As pages show it.
        latencies_ms: Of its calls.
        history: How its score developed.
        is_still: The page does not follow the run: an active run's score is drawn as it is now.
    """
    is_live = run["active"] and not is_still
    return {
        "running": None if is_live or len(history) < 2 else _running(history),
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


def draw_categories(items: Sequence[dict[str, Any]]) -> Markup | None:
    """Return the scores of all categories by name; ``None`` without any."""
    rows = [
        ForestRow(item["key"], item["n"], item["value"], item["ci95"][0], item["ci95"][1])
        for item in sorted(items, key=lambda item: str(item["key"]))
    ]
    return forest("", "", rows) if rows else None
