"""The stream that keeps a run's page up to date, and the export."""

from __future__ import annotations

from flask import Response, request, stream_with_context
from flask_login import current_user, login_required

from app.blueprints.runs import bp
from app.queries import exports, runs
from app.services.live_answers import live_answer


@bp.get("/runs/<run_id>/events")
@login_required
def events(run_id: str) -> Response:
    """Stream the run's events from the one after ``Last-Event-ID`` (or ``?after=``)."""
    run = runs.get_run(run_id, current_user.id)
    last = request.headers.get("Last-Event-ID") or request.args.get("after")
    return live_answer(run, last)


@bp.get("/runs/<run_id>/export")
@login_required
def export(run_id: str) -> Response:
    """Download all samples as CSV, JSON lines or JSON."""
    run = runs.get_run(run_id, current_user.id)
    file = exports.export(run, request.args.get("format", "csv"))
    return Response(
        stream_with_context(file.chunks),
        mimetype=file.media_type,
        headers={"Content-Disposition": f'attachment; filename="{file.name}"'},
    )
