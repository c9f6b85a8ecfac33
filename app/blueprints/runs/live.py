"""Live updates of a run's page, and the export of its samples."""

from __future__ import annotations

from flask import Response, request
from flask_login import current_user, login_required

from app.blueprints.runs import bp
from app.queries import exports, runs
from app.queries.markdown_reports import run_markdown
from app.queries.rescorings import pending_rescorings
from app.web.downloads import as_download, file_answer
from app.web.event_stream import live_answer
from app.web.json_answers import answer
from app.web.result_file import markdown_answer, run_file


@bp.get("/runs/<run_id>/events")
@login_required
def events(run_id: str) -> Response:
    """Stream the run's events from the one after ``Last-Event-ID`` (or ``?after=``)."""
    run = runs.get_run(run_id, current_user.id)
    last = request.headers.get("Last-Event-ID") or request.args.get("after")
    return live_answer(run, last)


@bp.get("/runs/<run_id>/rescorings")
@login_required
def rescoring_progress(run_id: str) -> Response:
    """Return the progress of rescorings and the latest line of the run's log."""
    run = runs.get_run(run_id, current_user.id)
    items = pending_rescorings(run.id)
    # Read afterwards: a scoring that is not in the list any more has written its last line.
    lines = runs.latest_events(run.id, limit=1)
    return answer({"items": items, "last": lines[0].message if lines else None})


@bp.get("/runs/<run_id>/export")
@login_required
def export(run_id: str) -> Response:
    """Download all samples as CSV, JSON lines or JSON, or the result as one HTML file."""
    run = runs.get_run(run_id, current_user.id)
    file_format, bom = request.args.get("format", "csv"), "bom" in request.args
    if file_format == "html":
        hide_texts = "hide_texts" in request.args
        page = run_file(run, hide_texts=hide_texts, reader=current_user.id)
        return as_download(page, current_user.id)
    return file_answer(exports.export(run, file_format, bom=bom), current_user.id)


@bp.get("/runs/<run_id>/report.md")
@login_required
def markdown(run_id: str) -> Response:
    """Show the result as Markdown, for a pull request."""
    return markdown_answer(run_markdown(runs.get_run(run_id, current_user.id)))
