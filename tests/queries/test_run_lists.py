"""Lists of runs: plain records that say what the rows say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from app.queries import runs
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


@pytest.mark.parametrize("sort", sorted(runs.SORTS))
def test_a_record_shows_what_its_row_shows(seven: list[str], owner: Account, sort: str) -> None:
    page = runs.list_runs(owner.id, runs.RunFilter(), sort=sort)
    rows = [runs.get_run(run_id, owner.id) for run_id in seven]
    expected = rows if sort.startswith("-") else rows[::-1]
    assert [runs.page_view(run) for run in page.items] == [runs.page_view(run) for run in expected]
    shapes = [runs.prompt_shape(run) for run in page.items]
    assert shapes == [runs.prompt_shape(run) for run in expected]
    assert shapes[0].tail


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
