"""How the models of an account rank on one benchmark. Never across benchmarks."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.charts.bars import Bar, bars
from app.charts.scatter import ScatterPoint, scatter
from app.db import db
from app.engine.benchmarks.spec import Benchmark
from app.models import Run

MAX_RUNS = 500
SHOWN = 12


def leaderboard(account_id: int, benchmark: Benchmark) -> list[Run]:
    """Return the latest complete run of each model, best score first.

    Only runs that compare: of the present version, under the default protocol, on all samples,
    of real models.
    """
    rows = db.session.scalars(
        select(Run)
        .where(
            Run.user_id == account_id,
            Run.benchmark == benchmark.name,
            Run.benchmark_version == benchmark.version,
            Run.protocol == benchmark.default_protocol,
            Run.status == "completed",
            Run.simulated.is_(False),
        )
        .order_by(Run.created_at.desc())
        .limit(MAX_RUNS)
    )
    latest: dict[str, Run] = {}
    for run in rows:
        if run.score and not run.config["limit"]:
            latest.setdefault(run.model, run)
    return sorted(latest.values(), key=lambda run: -_value(run))[:SHOWN]


def _value(run: Run) -> float:
    return float((run.score or {})["value"])


def _interval(run: Run) -> tuple[float, float]:
    low, high = (run.score or {})["ci95"]
    return float(low), float(high)


def charts(account_id: int, benchmark: Benchmark) -> dict[str, Any]:
    """Return the charts of a benchmark's page; ``None`` until two models can be compared."""
    ranked = leaderboard(account_id, benchmark)
    if len(ranked) < 2:
        return {"leaderboard": None, "scatter": None}
    priced = [run for run in ranked if run.cost_usd]
    return {
        "leaderboard": bars(
            "Your models",
            f"latest full run each, {benchmark.default_protocol} protocol, 95% interval",
            [
                Bar(run.model, _value(run), *_interval(run), href=f"/runs/{run.id}")
                for run in ranked
            ],
        ),
        "scatter": scatter(
            "Score against cost",
            "a full run each",
            [
                ScatterPoint(run.model, run.cost_usd or 0.0, _value(run), *_interval(run))
                for run in priced
            ],
        )
        if len(priced) > 1
        else None,
    }
