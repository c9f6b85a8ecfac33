"""Reads of runs, for pages and API alike, always within one account."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, func, or_, select

from app.db import db, now
from app.engine.aggregate import running_interval
from app.engine.questions import WHOLE, PromptShape, shape_of
from app.errors import Invalid, NotFound
from app.models import ACTIVE, RESUMABLE, Run, RunEventRow
from app.models.run import full_config
from app.queries.catalog import find_benchmark, metric_of
from app.queries.paging import MAX_LIMIT, Page, first_of, order_of, read_page, search_page
from app.queries.run_notices import run_notices
from app.queries.run_records import COLUMNS, RECORDS, RunRecord, first_records, read_records
from app.queries.run_sorts import NEWEST_FIRST, SORTS
from app.queries.run_turns import queue_positions
from app.queries.word_search import check_search, has_word
from app.recorder.progress import waiting_view
from app.recorder.usage import usage_of

_PART_OF_ID = re.compile(r"[0-9a-fA-F-]{1,36}")
MAX_WORDS = 50  # each is a condition, and a statement may not have any number of them


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs of an account are wanted; empty fields do not restrict."""

    status: str = ""
    benchmark: str = ""
    model: str = ""
    tag: str = ""
    q: str = ""
    created_after: datetime | None = None
    created_before: datetime | None = None

    @property
    def active(self) -> bool:
        """Whether anything is filtered."""
        return self != RunFilter()


def list_runs(
    account_id: int,
    wanted: RunFilter,
    *,
    sort: str = NEWEST_FIRST,
    limit: int = 50,
    cursor: str | None = None,
    with_total: bool = True,
) -> Page[RunRecord]:
    """Return a page of the account's runs, newest first unless ``sort`` says otherwise.

    Raises:
        Invalid: Sort order or cursor are not known, or the search is too long.
    """
    _check(wanted, sort)
    if with_total and not cursor and not wanted.active:
        limit = max(1, min(limit, MAX_LIMIT))
        return first_of(*first_records(account_id, SORTS[sort], limit + 1), SORTS[sort], limit)
    query = _filtered(RECORDS.where(COLUMNS.user_id == account_id), wanted)
    if wanted.q:
        return search_page(query, SORTS[sort], limit=limit, cursor=cursor, read=read_records)

    def count() -> int:
        mine = select(func.count()).where(COLUMNS.user_id == account_id)
        return db.session.scalar(_filtered(mine, wanted)) or 0

    return read_page(
        query,
        SORTS[sort],
        limit=limit,
        cursor=cursor,
        count=count if with_total else None,
        read=read_records,
    )


def chosen_ids(
    account_id: int, wanted: RunFilter, *, sort: str = NEWEST_FIRST, most: int | None = None
) -> list[str]:
    """Return the ids of the account's runs that are wanted, in order, at most so many of them.

    Raises:
        Invalid: As `list_runs`.
    """
    _check(wanted, sort)
    query = _filtered(select(COLUMNS.id).where(COLUMNS.user_id == account_id), wanted)
    return list(db.session.scalars(query.order_by(*order_of(SORTS[sort])).limit(most)))


def runs_by_id(account_id: int, run_ids: Sequence[str]) -> list[RunRecord]:
    """Return those of the runs that are the account's, in the order given."""
    query = RECORDS.where(COLUMNS.user_id == account_id, COLUMNS.id.in_(run_ids))
    found = {run.id: run for run in read_records(query)}
    return [found[run_id] for run_id in dict.fromkeys(run_ids) if run_id in found]


def _check(wanted: RunFilter, sort: str) -> None:
    if sort not in SORTS:
        raise Invalid(
            "There is no such sort order.", fields={"sort": [f"One of: {', '.join(SORTS)}."]}
        )
    check_search(wanted.q)
    if len(wanted.q.split()) > MAX_WORDS:
        message = f"Search for at most {MAX_WORDS} words."
        raise Invalid(message, fields={"q": [message]})


def _filtered(query: Select[Any], wanted: RunFilter) -> Select[Any]:
    if wanted.status:
        statuses = ACTIVE if wanted.status == "active" else wanted.status.split(",")
        query = query.where(COLUMNS.status.in_(statuses))
    for column, value in ((COLUMNS.benchmark, wanted.benchmark), (COLUMNS.model, wanted.model)):
        if value:
            query = query.where(column == value)
    if wanted.created_after:
        query = query.where(COLUMNS.created_at >= wanted.created_after)
    if wanted.created_before:
        query = query.where(COLUMNS.created_at <= wanted.created_before)
    if wanted.tag:
        query = query.where(
            cast(COLUMNS.tags, String).contains(json.dumps(wanted.tag), autoescape=True)
        )
    for word in wanted.q.split():
        query = query.where(or_(*_places_of(word)))
    return query


def _places_of(word: str) -> Iterator[ColumnElement[bool]]:
    """Yield where a word of a search may stand; each is tried on all runs of the account."""
    yield has_word(COLUMNS.benchmark, word)
    yield has_word(COLUMNS.model, word)
    yield has_word(COLUMNS.name, word)
    yield from id_matches(word)
    yield has_word(cast(COLUMNS.tags, String), in_json(word))
    yield has_word(COLUMNS.notes, word)


def id_matches(word: str) -> Iterator[ColumnElement[bool]]:
    """Yield the ways in which ``word`` may be an end of a run's id, as pages show it."""
    if _PART_OF_ID.fullmatch(word):
        yield COLUMNS.id.startswith(word.lower(), autoescape=True)
        yield COLUMNS.id.endswith(word.lower(), autoescape=True)


def in_json(text: str) -> str:
    """Return ``text`` as it stands inside a stored JSON string."""
    return json.dumps(text)[1:-1]


def get_run(run_id: str, account_id: int) -> Run:
    """Return one run of the account.

    Raises:
        NotFound: There is none, or it is another account's.
    """
    run = db.session.scalar(select(Run).where(Run.id == run_id, Run.user_id == account_id))
    if run is None:
        raise NotFound("There is no such run in this account.", code="run_not_found")
    return run


def newest_run_id(account_id: int) -> str | None:
    """Return the account's newest run; ``None`` without any."""
    return db.session.scalar(
        select(Run.id)
        .where(Run.user_id == account_id)
        .order_by(Run.created_at.desc(), Run.id.desc())
        .limit(1)
    )


def count_active(account_id: int) -> int:
    """Return how many runs of the account are queued or running."""
    return (
        db.session.scalar(
            select(func.count())
            .select_from(Run)
            .where(Run.user_id == account_id, Run.status.in_(ACTIVE))
        )
        or 0
    )


def count_by_status(account_id: int) -> dict[str, int]:
    """Return the number of the account's runs by status."""
    rows = db.session.execute(
        select(Run.status, func.count()).where(Run.user_id == account_id).group_by(Run.status)
    )
    return dict(rows.all())


def options_of(account_id: int) -> tuple[list[str], list[str]]:
    """Return the benchmarks and the models that the account has run."""
    benchmarks = db.session.scalars(
        select(Run.benchmark).where(Run.user_id == account_id).distinct().order_by(Run.benchmark)
    )
    models = db.session.scalars(
        select(Run.model).where(Run.user_id == account_id).distinct().order_by(Run.model)
    )
    return list(benchmarks), list(models)


def latest_events(run_id: str, limit: int = 100) -> list[RunEventRow]:
    """Return the last lines of a run's log, oldest first."""
    rows = db.session.scalars(
        select(RunEventRow)
        .where(RunEventRow.run_id == run_id)
        .order_by(RunEventRow.id.desc())
        .limit(limit)
    )
    return list(rows)[::-1]


def score_view(run: Run | RunRecord) -> dict[str, Any] | None:
    """Return the final score, or the score so far of an active run."""
    if run.score is not None and run.status not in ACTIVE:
        return run.score
    if not run.scored:
        return None
    value, stderr, low, high = running_interval(run.scored, run.score_sum, run.score_square_sum)
    unscored = run.done - run.scored
    return {
        "metric": metric_of(run.benchmark, run.user_id, run.benchmark_version),
        "value": value,
        "stderr": stderr,
        "ci95": [low, high],
        "bounds": [run.score_sum / run.done, (run.score_sum + unscored) / run.done],
        "n": run.scored,
    }


def is_canceling(run: Run | RunRecord) -> bool:
    """Return whether the run was asked to stop and still waits for answers under way.

    One that is to pause, as after its connection was deleted, has its reason already.
    """
    asked = run.status == "running" and run.cancel_requested_at is not None
    return asked and run.failure is None


def duration_s(run: Run | RunRecord) -> float | None:
    """Return how long workers have worked on the run; ``None`` before the first did."""
    if run.started_at is None:
        return None
    active = run.active_s
    if run.claimed_at is not None:
        active += max(0.0, now().timestamp() - run.claimed_at)
    return round(active, 3)


def run_view(run: Run | RunRecord, positions: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Return a run as the API shows it.

    Args:
        run: The run.
        positions: Of queued runs; asked for where it is needed and not given.
    """
    if positions is None:
        positions = positions_of([run])
    return {
        "run_id": run.id,
        "name": run.name,
        "status": run.status,
        "canceling": is_canceling(run),
        "queue_position": positions.get(run.id),
        "benchmark": run.benchmark,
        "benchmark_version": run.benchmark_version,
        "model": run.model,
        "simulated": run.simulated,
        "protocol": run.protocol,
        "config": config_of(run),
        "counts": run.counts(),
        "score": score_view(run),
        "scores": run.scores or {},
        "breakdown": (run.breakdown or {}).get("items", []),
        "usage": usage_of(run),
        "speed": run.speed,
        "estimate": run.estimate,
        "retries": run.retries,
        "served_models": run.served_models or [],
        "waiting": waiting_view(run.waiting),
        "notices": run_notices(run),
        "preparing": run.preparing if run.status == "running" else None,
        "created_at": timestamp(run.created_at),
        "started_at": timestamp(run.started_at),
        "finished_at": timestamp(run.finished_at),
        "duration_s": duration_s(run),
        "error": run.failure,
        "tags": run.tags,
        "notes": run.notes,
        "digests": run.digests,
        "links": {
            "self": f"/api/v1/runs/{run.id}",
            "samples": f"/api/v1/runs/{run.id}/samples",
            "events": f"/api/v1/runs/{run.id}/events",
            "page": f"/runs/{run.id}",
        },
    }


def positions_of(runs: Sequence[Run | RunRecord]) -> dict[str, int]:
    """Return the queue positions of those of an account's runs that are queued."""
    queued = [run for run in runs if run.status == "queued"]
    return queue_positions(queued[0].user_id) if queued else {}


def timestamp(moment: datetime | None) -> str | None:
    """Return RFC 3339 in UTC with ``Z``."""
    if moment is None:
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def page_view(run: Run | RunRecord, positions: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Return a run as pages show it: the API's shape plus the allowed actions."""
    benchmark = find_benchmark(run.benchmark, run.user_id, run.benchmark_version)
    active = run.status in ACTIVE
    return {
        **run_view(run, positions),
        "benchmark_title": benchmark.title if benchmark else run.benchmark,
        "active": active,
        "denominator": (run.score or {}).get("n") or run.scored or None,
        "limit_usd": run.config.get("budget_usd"),
        "scores": [
            {"protocol": name, **score} for name, score in (run.scores or {}).items() if score
        ],
        "actions": {
            **allowed_actions(run),
            "rescore": not active and bool(benchmark and len(benchmark.protocols) > 1),
        },
        "rescore_protocols": [
            name for name in (benchmark.protocols if benchmark else ()) if name != run.protocol
        ],
    }


def allowed_actions(run: Run | RunRecord) -> dict[str, bool]:
    """Return what can be done with a run as it is now."""
    active = run.status in ACTIVE
    return {
        "cancel": (active and not is_canceling(run)) or run.status == "paused",
        "resume": run.status in RESUMABLE,
        "retry_errors": not active and run.error > 0,
        "duplicate": True,
        "delete": not active,
    }


def config_of(run: Run | RunRecord) -> dict[str, Any]:
    """Return all settings of a run, also of one that an earlier version made."""
    return full_config(run.config)


def protocol_defaults(run: Run | RunRecord) -> dict[str, Any]:
    """Return what the run's protocol sends by itself; nothing where it is gone."""
    benchmark = find_benchmark(run.benchmark, run.user_id, run.benchmark_version)
    protocol = benchmark.protocols.get(run.protocol) if benchmark else None
    return asdict(protocol.generation) if protocol else {}


def benchmark_title(run: Run | RunRecord) -> str:
    """Return the title of the run's benchmark, or its name where it is gone."""
    benchmark = find_benchmark(run.benchmark, run.user_id, run.benchmark_version)
    return benchmark.title if benchmark else run.benchmark


def prompt_shape(run: Run | RunRecord) -> PromptShape:
    """Return where the question stands in the run's prompts."""
    benchmark = find_benchmark(run.benchmark, run.user_id, run.benchmark_version)
    protocol = benchmark.protocols.get(run.protocol) if benchmark else None
    return shape_of(protocol.prompt_template) if protocol else WHOLE


def views(runs: Sequence[Run | RunRecord]) -> list[dict[str, Any]]:
    """Return runs as the pages show them."""
    positions = positions_of(runs)
    return [page_view(run, positions) for run in runs]
