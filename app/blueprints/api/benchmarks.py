"""``/benchmarks`` and ``/estimates``: what can be run, and what it would cost."""

from __future__ import annotations

from flask import Response, g

from app.blueprints.api.callers import api_blueprint
from app.blueprints.api.schemas.benchmarks import (
    BenchmarkDetail,
    BenchmarkList,
    BenchmarkPath,
    BenchmarkQuery,
    EstimateAnswer,
    TrialAnswer,
)
from app.current import get_settings
from app.queries import benchmarks
from app.queries.catalog import versions_of
from app.queries.paging import page_of
from app.services.runs.checks import check_request
from app.services.runs.estimates import estimate_run
from app.services.runs.preflight import preflight
from app.services.runs.run_request import RunRequest
from app.services.runs.trial import try_sample
from app.web import rate_limits
from app.web.bounds import NOTES_BYTES
from app.web.json_answers import answer

bp = api_blueprint(
    "benchmarks",
    "The catalog, and estimates of runs.",
    any_scope={"estimate"},
    bodies=dict.fromkeys(("estimate", "try_one_sample"), NOTES_BYTES),
)


@bp.get("/benchmarks", responses={200: BenchmarkList})
def list_benchmarks(query: BenchmarkQuery) -> Response:
    """List the benchmarks."""
    found = benchmarks.search(
        benchmarks.cards(get_settings(), g.account.id),
        q=query.q,
        category=query.category,
        offline=bool(query.offline),
    )
    page = page_of(found, lambda card: str(card["name"]), limit=query.limit, cursor=query.cursor)
    return answer({"items": page.items, "next_cursor": page.next_cursor, "total": page.total})


@bp.get("/benchmarks/<path:name>", responses={200: BenchmarkDetail})
def get_benchmark(path: BenchmarkPath) -> Response:
    """Return a benchmark with its prompt template and an example."""
    found = benchmarks.get_benchmark(path.name, g.account.id)
    view = benchmarks.detail_view(found, get_settings())
    return answer({**view, "versions": versions_of(found.name, g.account.id)})


@bp.post("/estimates", responses={200: EstimateAnswer})
def estimate(body: RunRequest) -> Response:
    """Return the calls, tokens, cost and duration that a run would need, and what would stop it."""
    account, settings = g.account, get_settings()
    spec = check_request(body, account.id, account.is_admin, settings)
    estimated = estimate_run(spec, account.id, settings)
    checks = preflight(spec, estimated, account.id, account.is_admin, settings)
    return answer({**estimated, "checks": [check.view() for check in checks]})


@bp.post("/estimates/sample", responses={200: TrialAnswer})
@rate_limits.try_sample
def try_one_sample(body: RunRequest) -> Response:
    """Ask the model one question of a run, and score its answer; nothing is stored."""
    account = g.account
    return answer({"sample": try_sample(body, account.id, account.is_admin, get_settings())})
