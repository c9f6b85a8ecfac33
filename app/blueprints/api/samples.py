"""``/runs/{run_id}/samples``: the questions and answers of a run."""

from __future__ import annotations

from flask import Response, g

from app.blueprints.api.callers import api_blueprint
from app.blueprints.api.schemas.runs import (
    EpochQuery,
    MarkAnswer,
    MarkBody,
    RunPath,
    SampleAnswer,
    SampleList,
    SamplePath,
    SampleQuery,
)
from app.queries import runs, sample_lists, samples
from app.queries.sample_marks import mark_of
from app.services.long_reads import search_turn
from app.services.runs.marks import mark_sample
from app.web.bounds import NOTES_BYTES
from app.web.json_answers import answer

bp = api_blueprint("samples", "Samples of a run.", bodies={"put_mark": NOTES_BYTES})


@bp.get("/runs/<string:run_id>/samples", responses={200: SampleList})
def list_samples(path: RunPath, query: SampleQuery) -> Response:
    """List the samples of a run in the benchmark's order, or another."""
    run = runs.get_run(path.run_id, g.account.id)
    given = query.model_dump(exclude={"limit", "cursor", "order"})
    if query.order == "desc":
        given["sort"] = f"-{query.sort}"
    wanted = sample_lists.SampleFilter(**given)
    with search_turn(g.account.id, run, wanted):
        page = sample_lists.list_samples(run.id, wanted, limit=query.limit, cursor=query.cursor)
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
    mark = mark_of(run.id, row.sample_id, row.epoch)
    view = {**samples.sample_view(row), "mark": mark.view()}
    return answer({**view, "rescored": rescored} if rescored else view)


@bp.put("/runs/<string:run_id>/samples/<sample_id:sample_id>/mark", responses={200: MarkAnswer})
def put_mark(path: SamplePath, query: EpochQuery, body: MarkBody) -> Response:
    """Star a sample, mark it for review, or write a note to it."""
    changes = body.model_dump()
    mark = mark_sample(path.run_id, g.account.id, path.sample_id, query.epoch, **changes)
    return answer(mark.view())
