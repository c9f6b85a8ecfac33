"""The charts on a run's page."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from markupsafe import Markup

from app.charts.forest import ForestRow, forest
from app.charts.histogram import histogram
from app.charts.line_band import BandPoint, Series, line_band
from app.engine.aggregate import running_interval
from app.models import ACTIVE, Run

HISTORY_POINTS = 100
FIRST_SHOWN = 5
"""Before so many samples the interval fills the whole chart and hides the rest."""

MAX_CATEGORIES = 60


def score_history(scores: Sequence[float]) -> list[dict[str, Any]]:
    """Return how the score and its interval developed, at most a hundred points.

    Args:
        scores: In the order in which they landed.
    """
    step = max(1, len(scores) // HISTORY_POINTS)
    history, total, squares = [], 0.0, 0.0
    for number, score in enumerate(scores, start=1):
        total += score
        squares += score * score
        if (number >= FIRST_SHOWN and number % step == 0) or number == len(scores):
            value, _, low, high = running_interval(number, total, squares)
            history.append({"done": number, "value": value, "low": low, "high": high})
    return history


def charts(run: Run, latencies_ms: list[int], history: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the charts of a run by name; ``None`` where there is nothing to show yet."""
    return {
        "running": None if run.status in ACTIVE or len(history) < 2 else _running(history),
        "breakdown": _breakdown(run),
        "latency": histogram(
            "Latency",
            f"{len(latencies_ms):,} calls, retries left out",
            [value / 1000 for value in latencies_ms],
        )
        if latencies_ms
        else None,
    }


def _running(history: list[dict[str, Any]]) -> Markup:
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


def _breakdown(run: Run) -> Markup | None:
    items = (run.breakdown or {}).get("items", [])
    if not items:
        return None
    rows = [
        ForestRow(item["key"], item["n"], item["value"], *item["ci95"])
        for item in islice(items, MAX_CATEGORIES)
    ]
    return forest("Breakdown", "score by category, 95% interval", rows)
