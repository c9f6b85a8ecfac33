"""How a run's score developed, answer by answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.engine.aggregate import running_interval

HISTORY_POINTS = 100
FIRST_SHOWN = 5
"""Before so many samples the interval fills the whole chart and hides the rest."""


def score_history(scores: Sequence[float]) -> list[dict[str, Any]]:
    """Return the score and its interval over the run, in at most a hundred points.

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
