"""Draws what the page of a comparison shows as charts."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from app.charts.difference import Difference, differences
from app.charts.scatter import ScatterPoint, scatter

SURE = 0.05


def draw_comparison(comparison: dict[str, Any]) -> dict[str, Markup | None]:
    """Return the charts of a comparison by name; ``None`` where there is nothing to show."""
    return {"difference": _difference(comparison), "scatter": _scatter(comparison)}


def _difference(comparison: dict[str, Any]) -> Markup | None:
    rows = [
        Difference(
            f"{pair['b_label']} − {pair['a_label']}",  # noqa: RUF001 - a minus sign is meant
            pair["difference"],
            low=pair["ci95"][0],
            high=pair["ci95"][1],
            clear=pair["p_value_adjusted"] is not None and pair["p_value_adjusted"] < SURE,
        )
        for pair in comparison["pairs"]
        if pair["ci95"]
    ]
    if not rows:
        return None
    return differences("Difference", "paired by sample, 95% interval", rows)


def _scatter(comparison: dict[str, Any]) -> Markup | None:
    """Score against cost, where at least two runs have both."""
    points = [
        ScatterPoint(
            run["called"], run["usage"]["cost_usd"], run["score"]["value"], *run["score"]["ci95"]
        )
        for run in comparison["runs"]
        if run["score"] and run["usage"]["cost_usd"] is not None and not run["simulated"]
    ]
    if len(points) < 2:
        return None
    return scatter("Score against cost", "a run each", points)
