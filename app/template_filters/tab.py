"""What the browser tab of a run says of it; while it runs, `tab.js` of the scripts says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.template_filters.numbers import percent
from app.template_filters.words import status_tone, status_word

_STEP = 5


def tab_title(run: Mapping[str, Any]) -> str:
    """Return how far a run is or how it ended, and its name: ``42% GSM8K, openai/gpt-4o``."""
    name = run["name"] or f"{run['benchmark_title']}, {run['model']}"
    return f"{_state(run)} {name}"


def _state(run: Mapping[str, Any]) -> str:
    if run["status"] == "running" and not run["canceling"]:
        return percent(_done(run), 0)
    word = status_word("canceling" if run["canceling"] else run["status"])
    is_scored = run["status"] == "completed" and run["score"]
    return f"{word} {percent(run['score']['value'])}" if is_scored else word


def tab_icon(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tone and the progress that the icon of a run's tab shows, in steps of 5%."""
    tone = status_tone("canceling" if run["canceling"] else run["status"])
    return {"tone": tone, "percent": int(_done(run) * 100 // _STEP * _STEP)}


def _done(run: Mapping[str, Any]) -> float:
    return float(run["counts"]["done"] / (run["counts"]["total"] or 1))
