"""``/runs/{run_id}/samples``: the questions and answers of a run."""

from __future__ import annotations

from flask import Response, g

from app.blueprints.api.callers import api_blueprint
from app.blueprints.api.schemas.runs import (
    EpochQuery,
    RunPath,
    SampleAnswer,
    SampleList,
    SamplePath,
    SampleQuery,
)
from app.queries import runs, sample_lists, samples
from app.web.json_answers import answer

bp = api_blueprint("samples", "Samples of a run.")


@bp.get("/runs/<string:run_id>/samples", responses={200: SampleList})
def list_samples(path: RunPath, query: SampleQuery) -> Response:
    """List the samples of a run in the benchmark's order."""
    run = runs.get_run(path.run_id, g.account.id)
    page = sample_lists.list_samples(
        run.id,
        sample_lists.SampleFilter(
            outcome=query.outcome,
            category=query.category,
            q=query.q,
            error_code=query.error_code,
        ),
        limit=query.limit,
        cursor=query.cursor,
    )
    return answer(
        {
            "items": [samples.sample_view(row) for row in page.items],
            "next_cursor": page.next_cursor,
            "total": page.total,
        }
    )


@bp.get("/runs/<string:run_id>/samples/<sample_id:sample_id>", responses={200: SampleAnswer})
def get_sample(path: SamplePath, query: EpochQuery) -> Response:
    """Return one sample."""
    run = runs.get_run(path.run_id, g.account.id)
    row = samples.get_sample(run.id, path.sample_id, query.epoch)
    rescored = samples.rescored_verdicts(row)
    view = samples.sample_view(row)
    return answer({**view, "rescored": rescored} if rescored else view)
