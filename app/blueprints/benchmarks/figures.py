"""Draws what the page of a benchmark shows as charts."""

from __future__ import annotations

from collections.abc import Sequence

from flask import url_for
from markupsafe import Markup

from app.charts.bars import Bar, bars
from app.charts.scatter import ScatterPoint, scatter
from app.queries.leaderboards import Ranked


def draw_leaderboard(ranked: Sequence[Ranked], protocol: str) -> dict[str, Markup | None]:
    """Return the charts of a benchmark by name; ``None`` until two models can be compared.

    Args:
        ranked: The models, best score first.
        protocol: Under which they were run.
    """
    if len(ranked) < 2:
        return {"leaderboard": None, "scatter": None}
    points = [
        ScatterPoint(run.model, run.cost_usd, run.value, run.low, run.high)
        for run in ranked
        if run.cost_usd is not None
    ]
    return {
        "leaderboard": bars(
            "Your models",
            f"latest full run each, {protocol} protocol, 95% interval",
            [
                Bar(
                    run.model,
                    run.value,
                    run.low,
                    run.high,
                    href=url_for("runs.show", run_id=run.run_id),
                )
                for run in ranked
            ],
        ),
        "scatter": scatter("Score against cost", "a full run each", points)
        if len(points) > 1
        else None,
    }
