"""What a run that is over never asked is told, and has no row of its own."""

from __future__ import annotations

import pytest
from flask import Flask

from app.models.run import COUNTED, skipped
from app.queries.runs import RunFilter, get_run, list_runs
from app.services.accounts.accounts import Account
from tests.app_fixtures import ApiClient
from tests.run_fixtures import add_run


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("queued", 0),
        ("running", 0),
        ("paused", 0),
        ("canceled", 4),
        ("failed", 4),
        ("completed", 4),
    ],
)
def test_only_a_run_that_is_over_has_skipped_samples(status: str, expected: int) -> None:
    assert skipped(status, 5, 1) == expected


def test_lists_and_single_runs_count_alike(app: Flask, api: ApiClient, owner: Account) -> None:
    with app.app_context():
        run_id = add_run(owner.id, status="canceled", total=5, done=1, correct=1)
        one = get_run(run_id, owner.id).counts()
        (listed,) = list_runs(owner.id, RunFilter()).items
        assert listed.counts() == one
    assert list(one) == [*COUNTED, "skipped"]
    assert (one["total"], one["done"], one["skipped"]) == (5, 1, 4)
    assert api.get(f"/runs/{run_id}").json["counts"] == one
    found = api.get(f"/runs/{run_id}/samples?outcome=skipped")
    assert (found.status_code, found.json["items"]) == (200, [])
