"""The charts on a run's page."""

from __future__ import annotations

from typing import Any

from app.models import Run


def charts(run: Run, latencies: list[int]) -> dict[str, Any]:
    return {}


def score_history(run_id: str) -> list[dict[str, Any]]:
    return []
