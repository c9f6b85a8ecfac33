"""The page that shows how often estimates held."""

from __future__ import annotations

from flask import render_template
from flask_login import current_user, login_required

from app.blueprints.runs import bp
from app.queries import estimate_accuracy


@bp.get("/estimates")
@login_required
def estimates() -> str:
    """Show actual values beside estimates for completed runs of real models."""
    compared = estimate_accuracy.compared_runs(current_user.id)
    return render_template(
        "runs/estimates.html",
        accuracy=estimate_accuracy.accuracy_of(compared),
        runs=estimate_accuracy.row_views(compared[: estimate_accuracy.SHOWN]),
        total=len(compared),
        columns=[(name, label) for name, (label, _) in estimate_accuracy.LABELS.items()],
    )
