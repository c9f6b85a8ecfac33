"""Lists of runs: plain records that say what the rows say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.db import db
from app.errors import Invalid
from app.queries import runs
from app.queries.comparable_runs import comparable_runs
from app.queries.paging import order_of
from app.queries.run_records import COLUMNS
from app.queries.run_sorts import SORTS
from app.services.accounts.accounts import Account
from tests.run_fixtures import add_run

START = datetime(2026, 1, 1, 12, 0, 0, 123457, tzinfo=UTC)
SCORE = {"metric": "accuracy", "value": 0.5, "stderr": 0.1, "ci95": [0.3, 0.7], "n": 4}


@pytest.fixture
def seven(app_context: Flask, owner: Account, second_user: Account) -> list[str]:
    """Runs of all kinds, the newest first; the other account has one too."""
    add_run(second_user.id)
    kinds: list[dict[str, Any]] = [
        {},
        {"status": "running", "started_at": START, "done": 2, "scored": 2, "score_sum": 1.0},
        {"status": "completed", "score": SCORE, "scores": {"studio": SCORE}, "done": 4},
        {"status": "failed", "failure": {"code": "x", "message": "y", "action": None}, "error": 4},
        {"tags": ["größe", 'a"b'], "notes": "100 % of it", "cost_usd": 0.25, "correct": 1},
        {"status": "canceled", "finished_at": START, "active_s": 1.5, "model": "other/model"},
        {"breakdown": {"items": [{"key": "easy", "n": 4, "value": 0.5, "ci95": [0, 1]}]}},
    ]
    ids = [
        add_run(owner.id, created_at=START + timedelta(seconds=at // 2), **kind)
        for at, kind in enumerate(kinds)
    ]
    # Of the same age the higher id comes first.
    order = sorted(range(len(ids)), key=lambda at: (at // 2, ids[at]), reverse=True)
    return [ids[at] for at in order]


@pytest.mark.parametrize("limit", [1, 2, 6, 7, 8])
@pytest.mark.parametrize("wanted", [runs.RunFilter(), runs.RunFilter(q="sim")])
def test_pages_follow_each_other_and_know_how_many_there_are(
    seven: list[str], owner: Account, limit: int, wanted: runs.RunFilter
) -> None:
    expected = [
        run_id for run_id in seven if not wanted.q or _model(run_id, owner) != "other/model"
    ]
    found: list[str] = []
    cursor = None
    while True:
        page = runs.list_runs(owner.id, wanted, limit=limit, cursor=cursor)
        assert page.total == len(expected)
        found += [run.id for run in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == expected


def _model(run_id: str, owner: Account) -> str:
    return runs.get_run(run_id, owner.id).model


@pytest.mark.parametrize("sort", ["-created_at", "created_at"])
def test_a_record_shows_what_its_row_shows(seven: list[str], owner: Account, sort: str) -> None:
    page = runs.list_runs(owner.id, runs.RunFilter(), sort=sort)
    rows = [runs.get_run(run_id, owner.id) for run_id in seven]
    expected = rows if sort.startswith("-") else rows[::-1]
    assert [runs.page_view(run) for run in page.items] == [runs.page_view(run) for run in expected]
    shapes = [runs.prompt_shape(run) for run in page.items]
    assert shapes == [runs.prompt_shape(run) for run in expected]
    assert shapes[0].tail


VALUE_OF: dict[str, Callable[[dict[str, Any]], Any]] = {
    "created_at": lambda run: run["created_at"],
    "benchmark": lambda run: (run["benchmark"], run["name"]),
    "status": lambda run: run["status"],
    "model": lambda run: run["model"],
    "protocol": lambda run: run["protocol"],
    "score": lambda run: run["score"]["value"] if run["score"] else None,
    "samples": lambda run: run["counts"]["total"],
    "errors": lambda run: run["counts"]["error"],
    "duration": lambda run: run["duration_s"] or 0.0,
    "cost": lambda run: run["usage"]["cost_usd"],
}


@pytest.mark.parametrize("wanted", [runs.RunFilter(), runs.RunFilter(q="sim")])
@pytest.mark.parametrize("sort", SORTS)
def test_every_order_pages_through_all_runs_once_those_without_a_value_last(
    app_context: Flask, owner: Account, sort: str, wanted: runs.RunFilter
) -> None:
    kinds: list[dict[str, Any]] = [
        {"status": "completed", "score": {**SCORE, "value": value}, "cost_usd": cost, "name": name}
        for value, cost, name in [(0.5, 0.2, "b"), (0.9, None, ""), (0.5, 0.1, "a"), (0.1, 1, "c")]
    ]
    kinds += [
        {"status": "failed", "started_at": START, "active_s": 9.5, "total": 9, "error": 2},
        {"status": "queued", "model": "simulated/novice"},
        {"status": "queued", "benchmark": "gen_swaps", "total": 2},
    ]
    ids = [add_run(owner.id, **kind) for kind in kinds]
    found: list[dict[str, Any]] = []
    cursor = None
    while cursor or not found:
        page = runs.list_runs(owner.id, wanted, sort=sort, limit=2, cursor=cursor)
        found += [runs.run_view(run) for run in page.items]
        cursor = page.next_cursor
    assert sorted(run["run_id"] for run in found) == sorted(ids)
    values = [VALUE_OF[sort.removeprefix("-")](run) for run in found]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=sort.startswith("-"))
    assert values[: len(known)] == known


def test_the_sorted_lists_use_an_index(app_context: Flask, owner: Account) -> None:
    for keys in SORTS.values():
        query = select(COLUMNS.id).where(COLUMNS.user_id == owner.id).order_by(*order_of(keys))
        sql = str(query.limit(26).compile(db.engine, compile_kwargs={"literal_binds": True}))
        if db.engine.dialect.name == "sqlite":
            plan = str(db.session.execute(text(f"EXPLAIN QUERY PLAN {sql}")).all())
            assert "USING COVERING INDEX" in plan or "USING INDEX" in plan
            assert "TEMP B-TREE" not in plan or keys[0].column.key == "created_at", plan


@pytest.mark.parametrize("q", ["x " * 51, "x" * 201])
def test_searches_that_would_take_long_are_refused(
    app_context: Flask, owner: Account, q: str
) -> None:
    with pytest.raises(Invalid, match="Search for at most"):
        runs.list_runs(owner.id, runs.RunFilter(q=q))
    with pytest.raises(Invalid, match="Search for at most"):
        comparable_runs(owner.id, [], q=q * 10)


def test_an_account_without_runs_has_an_empty_list(
    app_context: Flask, seven: list[str], make_account: Any
) -> None:
    page = runs.list_runs(make_account("new@example.org").id, runs.RunFilter())
    assert (page.items, page.next_cursor, page.total) == ([], None, 0)


@pytest.mark.parametrize(
    ("benchmark", "metric"), [("squad", "F1"), ("humaneval", "pass@1"), ("removed", "accuracy")]
)
def test_the_score_so_far_is_of_the_benchmarks_own_metric(
    app_context: Flask, owner: Account, benchmark: str, metric: str
) -> None:
    add_run(owner.id, status="running", benchmark=benchmark, done=2, scored=2, score_sum=1.0)
    (run,) = runs.list_runs(owner.id, runs.RunFilter()).items
    shown = runs.score_view(run)
    assert shown is not None
    assert shown["metric"] == metric
