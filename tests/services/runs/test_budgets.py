"""Budgets of runs: refused where nobody could keep them, kept, raised, gone on with."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.services.accounts.accounts import Account
from app.services.connections import store
from tests.app_fixtures import ApiClient, Browser
from tests.fakes.model_server import ModelServer

PRICED = {"model": "openai/gpt-4o-mini", "max_tokens": 50, "limit": 40, "max_connections": 8}


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


@pytest.fixture
def priced(app: Flask, owner: Account, model_server: ModelServer) -> ModelServer:
    """A server with prices of one's own."""
    values: Any = {
        "kind": "openai",
        "api_key": "sk-test-0123456789",
        "base_url": model_server.base_url,
        "prices": {"gpt-4o-mini": {"input_usd_per_mtok": 0.15, "output_usd_per_mtok": 0.6}},
    }
    with app.app_context():
        store.save_connection(owner.id, True, "openai", values)
    return model_server


def cost_of_all(api: ApiClient, start_run: Any, work: Any) -> float:
    row = work(start_run(**PRICED))
    assert row["status"] == "completed"
    return float(row["cost_usd"])


def test_a_run_pauses_before_its_budget_is_exceeded_and_goes_on_with_a_larger_one(
    api: ApiClient, priced: ModelServer, start_run: Any, work: Any
) -> None:
    whole = cost_of_all(api, start_run, work)
    calls = priced.calls
    run_id = start_run(**PRICED, budget_usd=whole / 2)
    row = work(run_id)
    assert (row["status"], row["failure"]["code"]) == ("paused", "budget_reached")
    assert row["failure"]["action"] == "Raise the budget, then Resume."
    assert 0 < row["cost_usd"] <= whole / 2
    assert 0 < row["done"] == row["correct"] < 40
    assert priced.calls - calls == row["done"]  # no answer was paid and thrown away
    partial = api.get(f"/runs/{run_id}").json
    assert (partial["score"]["value"], partial["score"]["n"]) == (1.0, row["done"])

    again = api.post(f"/runs/{run_id}/resume", json={"budget_usd": whole * 2})
    assert (again.status_code, again.json["config"]["budget_usd"]) == (202, whole * 2)
    row = work(run_id)
    assert (row["status"], row["done"]) == ("completed", 40)
    assert row["cost_usd"] == pytest.approx(whole)
    assert priced.calls - calls == 40


def test_going_on_with_the_same_budget_pauses_again_within_it(
    api: ApiClient, priced: ModelServer, start_run: Any, work: Any
) -> None:
    run_id = start_run(**PRICED, budget_usd=(100 * 0.15 + 50 * 0.6) / 1e6 * 4)
    first = work(run_id)
    calls = priced.calls
    assert api.post(f"/runs/{run_id}/resume", json={}).status_code == 202
    second = work(run_id)
    # The first call of an attempt is guessed with another margin: one more may fit.
    assert second["status"] == "paused"
    assert 0 <= second["done"] - first["done"] == priced.calls - calls <= 1
    assert second["cost_usd"] <= second["config"]["budget_usd"]


def test_a_budget_that_is_spent_already_is_refused(
    api: ApiClient, priced: ModelServer, start_run: Any, work: Any
) -> None:
    run_id = start_run(**PRICED, budget_usd=0.0001)
    row = work(run_id)
    answer = api.post(f"/runs/{run_id}/resume", json={"budget_usd": row["cost_usd"] / 2})
    assert answer.status_code == 422
    assert "already spent" in answer.json["errors"]["budget_usd"][0]


def test_without_a_known_price_a_budget_is_refused_at_once(
    api: ApiClient, local_model: str
) -> None:
    body = {"benchmark": "gen_chain_sum", "model": local_model, "limit": 2, "budget_usd": 1}
    answer = api.post("/runs", json=body)
    assert (answer.status_code, answer.json["code"]) == (422, "preflight_failed")
    assert local_model in answer.json["errors"]["budget_usd"][0]
    assert "leave the budget out" in answer.json["action"]


def test_a_simulated_run_costs_nothing_and_keeps_any_budget(start_run: Any, work: Any) -> None:
    assert work(start_run(budget_usd=0.000001))["status"] == "completed"


def test_the_page_of_a_paused_run_asks_for_the_new_budget(
    signed_in: Browser, priced: ModelServer, start_run: Any, work: Any
) -> None:
    run_id = start_run(**PRICED, budget_usd=0.0001)
    work(run_id)
    page = signed_in.get(f"/runs/{run_id}").text
    assert 'name="budget_usd"' in page
    assert "Raise the budget" in page
    assert signed_in.submit(f"/runs/{run_id}/resume", {"budget_usd": "a lot"}).status_code == 422
    assert signed_in.submit(f"/runs/{run_id}/resume", {"budget_usd": "$5"}).status_code == 303
    assert work(run_id)["status"] == "completed"
