"""How often estimates held."""

from __future__ import annotations

from flask import render_template
from flask_login import current_user, login_required

from app.blueprints.runs import bp
from app.models import Run
from app.queries import estimate_accuracy
from app.queries.catalog import find_benchmark


@bp.get("/estimates")
@login_required
def estimates() -> str:
    """Show actual beside estimate for the account's completed runs of real models."""
    compared = estimate_accuracy.compared_runs(current_user.id)
    return render_template(
        "runs/estimates.html",
        accuracy=estimate_accuracy.accuracy_of(compared),
        runs=[
            {
                "run_id": run.id,
                "benchmark": run.benchmark,
                "benchmark_title": _title_of(run),
                "model": run.model,
                "created_at": run.created_at,
                "comparisons": {each.name: each for each in comparisons},
            }
            for run, comparisons in compared[: estimate_accuracy.SHOWN]
        ],
        total=len(compared),
        columns=[(name, label) for name, (label, _) in estimate_accuracy.LABELS.items()],
    )


def _title_of(run: Run) -> str:
    benchmark = find_benchmark(run.benchmark, run.user_id, run.benchmark_version)
    return benchmark.title if benchmark else run.benchmark
