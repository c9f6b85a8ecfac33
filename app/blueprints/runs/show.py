"""The page of one run."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask_login import current_user, login_required

from app.blueprints.runs import bp
from app.blueprints.runs.breakdown import breakdown_view
from app.blueprints.runs.told_once import (
    groups_beside,
    log_beside,
    notices_beside,
    samples_beside,
)
from app.queries import estimate_accuracy, run_errors, runs, samples
from app.queries.ended_runs import ended_runs
from app.queries.markdown_reports import run_markdown
from app.queries.rescorings import pending_rescorings
from app.queries.score_history import score_history
from app.queries.settings_sent import settings_sent
from app.queries.speeds import percentile, speed_so_far
from app.services.connections import store
from app.services.long_reads import long_reads
from app.web.event_stream import newest_event_id
from app.web.run_figures import draw_run
from app.web.urls import address


@bp.get("/runs/<run_id>")
@login_required
def show(run_id: str) -> str:
    """Show a run: live while it is active, its results afterwards."""
    # Read before the rows: what happens in between arrives twice rather than never.
    event_id = newest_event_id(run_id)
    rescorings = pending_rescorings(run_id)
    row = runs.get_run(run_id, current_user.id)
    with long_reads.turn(current_user.id, samples=row.done):
        return _page(row, rescorings, event_id)


def _page(row: Any, rescorings: list[dict[str, Any]], event_id: str | None) -> str:
    run_id = row.id
    scores, latencies = ended_runs.read(samples.scores_and_latencies, [row])
    history = score_history(scores)
    view = {
        **runs.page_view(row),
        "changed_verdicts": samples.changed_verdicts(run_id),
        "latency": {
            "p50_ms": percentile(latencies, 0.5),
            "p95_ms": percentile(latencies, 0.95),
        }
        if latencies
        else None,
        "speed": speed_so_far(row),
    }
    errors = [
        {
            **group.view(),
            "current": False,
            "url": address("runs.samples", run_id=run_id, outcome="error", error_code=group.code),
        }
        for group in run_errors.error_groups(row)
    ]
    return render_template(
        "runs/show.html",
        run=view,
        rescorings=rescorings,
        notices=notices_beside(view),
        sent=settings_sent(row),
        error_groups=groups_beside(view, errors),
        remedy=run_errors.remedy_of(row),
        connection_to_mend=_editable(run_errors.connection_to_mend(row)),
        latest_samples=samples_beside(
            view,
            [
                (sample, samples.row_view(sample, runs.prompt_shape(row)))
                for sample in samples.latest_samples(run_id)
            ],
        ),
        events=log_beside(view, runs.latest_events(run_id)),
        score_history=history,
        estimate_check=estimate_accuracy.compare(row),
        charts=draw_run(view, latencies, history),
        breakdown=breakdown_view(
            run_id,
            view["breakdown"],
            request.args.get("breakdown", ""),
            whole=request.args.get("categories") == "all",
        ),
        last_event_id=event_id,
        markdown=run_markdown(row),
    )


def _editable(name: str) -> str | None:
    """Return the connection ``name`` if it can be edited; ``None``: it is gone, or fixed."""
    infos = store.list_connections(current_user.id, current_user.is_admin)
    return next((info.name for info in infos if info.name == name and not info.read_only), None)
