"""A run's score, breakdown and speed, always computed from its rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from app.db import db
from app.engine.aggregate import ScoredRow, Summary, summarise
from app.engine.statistics import mean_pass_at_k
from app.engine.types import Outcome
from app.models import Run, SampleRow
from app.models.run import value_of
from app.queries.catalog import metric_of
from app.queries.speeds import speed_of


def final_values(run_id: str) -> dict[str, Any]:
    """Return the columns computed from a run's rows: score, breakdown and speed."""
    run = db.session.get_one(Run, run_id)
    epochs = run.config["epochs"]
    summary = summarise(
        _scored_rows(run_id),
        metric=metric_of(run.benchmark, run.user_id, run.benchmark_version),
        epochs=epochs,
    )
    score = score_of(summary)
    if score and epochs > 1:
        score["pass_at_k"] = _pass_at_k(run_id, epochs)
    return {
        "score": score,
        "score_value": value_of(score),
        "scores": {**(run.scores or {}), run.protocol: score} if score else run.scores or {},
        "breakdown": breakdown_of(summary),
        "speed": speed_of(run_id),
    }


def _pass_at_k(run_id: str, epochs: int) -> dict[str, float]:
    """Return pass@k for k = 1, 2, 5, 10 ... up to the number of epochs."""
    tries: dict[str, list[bool]] = defaultdict(list)
    for row in _scored_rows(run_id):
        if row.score is not None:
            tries[row.sample_id].append(row.score >= 1)
    samples = [(len(hits), sum(hits)) for hits in tries.values()]
    found: dict[str, float] = {}
    for k in (1, 2, 5, 10, 20, 50, 100):
        estimate = mean_pass_at_k(samples, k) if k <= epochs else None
        if estimate is not None:
            found[str(k)] = estimate.value
    return found


def _scored_rows(run_id: str) -> Iterator[ScoredRow]:
    rows = db.session.execute(
        select(
            SampleRow.sample_id,
            SampleRow.epoch,
            SampleRow.category,
            SampleRow.outcome,
            SampleRow.score,
        ).where(SampleRow.run_id == run_id)
    )
    for row in rows:
        yield ScoredRow(row.sample_id, row.epoch, row.category, Outcome(row.outcome), row.score)


def score_of(summary: Summary) -> dict[str, Any] | None:
    """Return the score as the API shows it; ``None`` when nothing was scored."""
    score = summary.score
    if score is None:
        return None
    return {
        "metric": score.metric,
        "value": score.value,
        "stderr": score.stderr,
        "ci95": list(score.ci95),
        "bounds": list(score.bounds),
        "n": score.n,
    }


def breakdown_of(summary: Summary) -> dict[str, Any] | None:
    """Return the breakdown by category; ``None`` without categories."""
    items = [
        {"key": part.key, "n": part.n, "value": part.value, "ci95": list(part.ci95)}
        for part in summary.breakdown
    ]
    return {"items": items} if items else None
