"""Actual beside estimate: which runs count, which numbers held, and the page of them."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.db import db
from app.models import Run
from app.queries import estimate_accuracy
from app.services.accounts.accounts import Account
from tests.app_fixtures import Browser
from tests.run_fixtures import add_run

ESTIMATE = {
    "calls": 4,
    "input_tokens": 100,
    "output_tokens": {"low": 10, "high": 30},
    "cost_usd": {"low": 1.0, "high": 2.0},
    "duration_s": {"low": 5.0, "high": 10.0},
}
ACTUAL: dict[str, Any] = {
    "status": "completed",
    "simulated": False,
    "model": "openai/gpt-4o-mini",
    "done": 4,
    "estimate": ESTIMATE,
    "input_tokens": 105,
    "output_tokens": 31,
    "cost_usd": 1.5,
}


def add(owner: Account, **changes: Any) -> str:
    run_id = add_run(owner.id, **{**ACTUAL, **changes})
    run = db.session.get_one(Run, run_id)
    run.started_at, run.active_s = run.created_at, 4.0
    db.session.commit()
    return run_id


@pytest.mark.usefixtures("app_context")
def test_each_number_is_within_its_estimate_or_not(owner: Account) -> None:
    run = db.session.get_one(Run, add(owner))
    compared = {each.name: each for each in estimate_accuracy.compare(run)}
    assert {name: each.held for name, each in compared.items()} == {
        "input_tokens": True,
        "output_tokens": False,
        "cost_usd": True,
        "duration_s": False,
    }
    assert compared["output_tokens"].ratio == pytest.approx(31 / 20)


@pytest.mark.usefixtures("app_context")
@pytest.mark.parametrize(
    "changes",
    [{"status": "failed"}, {"done": 3}, {"estimate": None}, {"simulated": True}],
)
def test_runs_that_did_not_do_what_was_estimated_do_not_count(
    owner: Account, changes: dict[str, Any]
) -> None:
    add(owner, **changes)
    assert estimate_accuracy.compared_runs(owner.id) == []


@pytest.mark.usefixtures("app_context")
def test_an_unknown_cost_is_left_out_of_its_share(owner: Account, second_user: Account) -> None:
    add(owner)
    add(owner, cost_usd=None, estimate={**ESTIMATE, "cost_usd": None})
    add(owner, cost_usd=5.0)
    add(second_user)
    found = {
        each.label: each
        for each in estimate_accuracy.accuracy_of(estimate_accuracy.compared_runs(owner.id))
    }
    assert (found["Cost"].held, found["Cost"].runs, found["Cost"].share) == (1, 2, 0.5)
    assert (found["Input tokens"].held, found["Input tokens"].runs) == (3, 3)
    assert found["Duration"].median_ratio == pytest.approx(4 / 7.5)


def test_the_pages_show_actual_beside_estimate(
    app: Flask, signed_in: Browser, owner: Account
) -> None:
    assert "Nothing to compare yet" in signed_in.get("/estimates").text
    with app.app_context():
        run_id = add(owner)
    page = signed_in.get("/estimates").text
    assert "1 of 1 within" in page
    assert run_id in page
    assert "$1.00–$2.00" in page
    run_page = signed_in.get(f"/runs/{run_id}").text
    assert "Estimate and actual" in run_page
    assert "$1.50" in run_page
