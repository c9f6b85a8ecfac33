"""Ranks the models of an account on one benchmark, never across benchmarks."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from app.db import db
from app.engine.benchmarks.spec import Benchmark
from app.engine.scorers.scorer_registry import versioned_name
from app.models import Run
from app.recorder.usage import whole_cost

MAX_RUNS = 500
SHOWN = 12


@dataclass(frozen=True, slots=True)
class Ranked:
    """A model's latest complete run, its score 0..1 with the 95 % interval."""

    run_id: str
    model: str
    value: float
    low: float
    high: float
    cost_usd: float | None


def leaderboard(account_id: int, benchmark: Benchmark) -> list[Ranked]:
    """Return the latest complete run of each model, best score first.

    Only runs that compare: of the present version, under the default protocol with its present
    scorer, on all samples, of real models.
    """
    scorer = versioned_name(benchmark.protocol().scorer)
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
    latest: dict[str, Ranked] = {}
    for run in rows:
        if (run.digests or {}).get("scorer", f"{scorer}@").partition("@")[0] != scorer:
            continue
        if run.score and not run.config["limit"] and run.model not in latest:
            low, high = run.score["ci95"]
            latest[run.model] = Ranked(
                run.id,
                run.model,
                float(run.score["value"]),
                float(low),
                float(high),
                whole_cost(run.cost_usd, run.unmetered),
            )
    return sorted(latest.values(), key=lambda run: -run.value)[:SHOWN]
