"""Actions on a run: cancel, resume, retry errors, duplicate, delete, rescore."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from app.blueprints.runs import bp
from app.errors import Conflict, Invalid
from app.services.field_types import typed_number
from app.services.runs import lifecycle, rescoring
from app.services.runs.run_request import MAX_BUDGET_USD
from app.web import rate_limits
from app.web.urls import address


def _back(run_id: str) -> Response:
    return redirect(url_for("runs.show", run_id=run_id), 303)


@bp.post("/runs/<run_id>/cancel")
@login_required
def cancel(run_id: str) -> Response:
    """Ask the run to stop; finished samples are kept."""
    try:
        lifecycle.cancel_run(run_id, current_user.id)
        flash("Canceling. Finished samples are kept.", "info")
    except Conflict as error:
        flash(error.detail, "info")
    return _back(run_id)


@bp.post("/runs/<run_id>/resume")
@login_required
@rate_limits.resume_run
def resume(run_id: str) -> Response:
    """Resume the run where it stopped."""
    lifecycle.resume_run(run_id, current_user.id, budget_usd=_budget())
    flash("Resumed. Finished samples are not asked again.", "success")
    return _back(run_id)


def _budget() -> float | None:
    text = request.form.get("budget_usd", "").strip().lstrip("$")
    if not text:
        return None
    value = typed_number(text)
    if isinstance(value, str) or not 0 < value <= MAX_BUDGET_USD:
        raise Invalid(
            "The budget must be an amount in US$, such as 2.50.",
            fields={"budget_usd": ["An amount in US$."]},
        )
    return value


@bp.post("/runs/<run_id>/retry-errors")
@login_required
@rate_limits.resume_run
def retry_errors(run_id: str) -> Response:
    """Ask again the samples that ended in an error."""
    lifecycle.resume_run(run_id, current_user.id, retry_errors=True)
    flash("Retrying the samples with errors.", "success")
    return _back(run_id)


@bp.post("/runs/<run_id>/duplicate")
@login_required
def duplicate(run_id: str) -> Response:
    """Show the form of a new run with the options of this one."""
    return redirect(address("runs.new", **{"from": run_id}), 303)


@bp.post("/runs/<run_id>/delete")
@login_required
def delete(run_id: str) -> Response:
    """Delete the run with its samples."""
    lifecycle.delete_run(run_id, current_user.id)
    flash("The run was deleted.", "success")
    return redirect(url_for("runs.index"), 303)


@bp.post("/runs/<run_id>/rescore")
@login_required
@rate_limits.rescore
def rescore(run_id: str) -> Response:
    """Score the stored answers under another protocol."""
    protocol = request.form.get("protocol", "")
    rescoring.ask_rescoring(run_id, current_user.id, protocol)
    flash(f"Scoring the answers again under {protocol}. The model is not called.", "info")
    return _back(run_id)
