"""``/runs``: start, watch, cancel, resume and read runs."""

from __future__ import annotations

from typing import Any

from flask import Response, g, request
from pydantic import ValidationError

from app.blueprints.api.callers import api_blueprint
from app.blueprints.api.schemas.runs import (
    MARKDOWN,
    DuplicateBody,
    ExportQuery,
    RescoreBody,
    ResumeBody,
    RunDetail,
    RunList,
    RunPatch,
    RunPath,
    RunQuery,
)
from app.current import get_settings
from app.errors import Invalid
from app.queries import exports, run_errors, runs
from app.queries.markdown_reports import run_markdown
from app.queries.rescorings import pending_rescorings
from app.queries.speeds import speed_so_far
from app.services.field_words import words_of
from app.services.runs import lifecycle, rescoring, submission
from app.services.runs.run_request import RunRequest
from app.web import rate_limits
from app.web.bounds import NOTES_BYTES
from app.web.downloads import as_download, file_answer
from app.web.event_stream import live_answer
from app.web.json_answers import answer, no_content
from app.web.result_file import markdown_answer, run_file

bp = api_blueprint(
    "runs",
    "Runs and their results.",
    bodyless={"cancel_run", "resume_run", "duplicate_run"},
    bodies=dict.fromkeys(("create_run", "patch_run", "duplicate_run"), NOTES_BYTES),
)

EVENT_STREAM: dict[str, Any] = {
    "description": "Server-sent events; Last-Event-ID with the id of one continues after it.",
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}
EXPORTED: dict[str, Any] = {
    "description": "The file, row by row.",
    "content": {
        "text/csv": {"schema": {"type": "string"}},
        "application/x-ndjson": {"schema": {"type": "string"}},
        "application/json": {"schema": {"type": "object"}},
        "text/html": {"schema": {"type": "string"}},
    },
}


def _answer(run_id: str, status: int = 200) -> Response:
    run = runs.get_run(run_id, g.account.id)
    more = {
        "rescorings": pending_rescorings(run_id),
        **run_errors.explanation(run),
        "speed": speed_so_far(run),
    }
    response = answer({**runs.run_view(run), **more}, status)
    if status == 201:
        response.headers["Location"] = f"/api/v1/runs/{run_id}"
    return response


@bp.post("/runs", responses={201: RunDetail})
@rate_limits.create_run
def create_run(body: RunRequest) -> Response:
    """Start a run."""
    return _answer(_submit(body), 201)


def _submit(asked: RunRequest) -> str:
    account, claim = g.account, g.get("request_claim")
    if claim and claim.location:  # started by a request that was never answered
        return str(claim.location.rpartition("/")[2])
    return submission.submit_run(asked, account.id, account.is_admin, get_settings(), claim)


@bp.get("/runs", responses={200: RunList})
def list_runs(query: RunQuery) -> Response:
    """List runs, newest first."""
    page = runs.list_runs(
        g.account.id,
        runs.RunFilter(
            status=query.status,
            benchmark=query.benchmark,
            model=query.model,
            tag=query.tag,
            q=query.q,
            created_after=query.created_after,
            created_before=query.created_before,
        ),
        sort=query.sort,
        limit=query.limit,
        cursor=query.cursor,
    )
    positions = runs.positions_of(page.items)
    return answer(
        {
            "items": [runs.run_view(run, positions) for run in page.items],
            "next_cursor": page.next_cursor,
            "total": page.total,
        }
    )


@bp.get("/runs/<string:run_id>", responses={200: RunDetail})
def get_run(path: RunPath) -> Response:
    """Return a run with its progress or result."""
    return _answer(path.run_id)


@bp.patch("/runs/<string:run_id>", responses={200: RunDetail})
def patch_run(path: RunPath, body: RunPatch) -> Response:
    """Change name, tags or notes."""
    lifecycle.annotate_run(
        path.run_id, g.account.id, name=body.name, tags=body.tags, notes=body.notes
    )
    return _answer(path.run_id)


@bp.delete("/runs/<string:run_id>", responses={204: None})
def delete_run(path: RunPath) -> Response:
    """Delete a run that is over, with its samples."""
    lifecycle.delete_run(path.run_id, g.account.id)
    return no_content()


@bp.post("/runs/<string:run_id>/cancel", responses={202: RunDetail})
def cancel_run(path: RunPath) -> Response:
    """Ask a run to stop; finished samples are kept."""
    lifecycle.cancel_run(path.run_id, g.account.id)
    return _answer(path.run_id, 202)


@bp.post("/runs/<string:run_id>/resume", responses={202: RunDetail})
@rate_limits.resume_run
def resume_run(path: RunPath, body: ResumeBody) -> Response:
    """Resume a failed, paused or canceled run; finished samples are kept."""
    lifecycle.resume_run(
        path.run_id, g.account.id, retry_errors=body.retry_errors, budget_usd=body.budget_usd
    )
    return _answer(path.run_id, 202)


@bp.post("/runs/<string:run_id>/duplicate", responses={201: RunDetail})
@rate_limits.create_run
def duplicate_run(path: RunPath, body: DuplicateBody) -> Response:
    """Start a run with the same options as this one."""
    original = runs.get_run(path.run_id, g.account.id)
    overrides = body.overrides.given()
    try:
        asked = submission.duplicate_request(original, overrides)
    except ValidationError as error:
        raise Invalid("Some overrides are not valid.", fields=words_of(error)) from None
    return _answer(_submit(asked), 201)


@bp.post("/runs/<string:run_id>/rescore", responses={202: RunDetail})
@rate_limits.rescore
def rescore_run(path: RunPath, body: RescoreBody) -> Response:
    """Score the stored answers under another protocol; no model call is made."""
    rescoring.ask_rescoring(path.run_id, g.account.id, body.protocol)
    return _answer(path.run_id, 202)


@bp.get("/runs/<string:run_id>/events", responses={200: EVENT_STREAM})
def stream_events(path: RunPath) -> Response:
    """Stream events: ``preparing progress notices event sample status done``."""
    run = runs.get_run(path.run_id, g.account.id)
    last = request.headers.get("Last-Event-ID") or request.args.get("after")
    return live_answer(run, last)


@bp.get("/runs/<string:run_id>/export", responses={200: EXPORTED})
def export_run(path: RunPath, query: ExportQuery) -> Response:
    """Download all samples; as HTML, the result for people in one file."""
    run = runs.get_run(path.run_id, g.account.id)
    if query.format == "html":
        page = run_file(run, hide_texts=query.hide_texts, reader=g.account.id)
        return as_download(page, g.account.id)
    file = exports.export(run, query.format, bom=query.bom)
    return file_answer(file, g.account.id)


@bp.get("/runs/<string:run_id>/report.md", responses={200: MARKDOWN})
def report_run(path: RunPath) -> Response:
    """Return the result as Markdown, for a pull request."""
    return markdown_answer(run_markdown(runs.get_run(path.run_id, g.account.id)))
