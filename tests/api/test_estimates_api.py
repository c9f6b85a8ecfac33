"""Estimates: what a run will take, with the reason for every number."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.db import transaction
from app.models import Connection
from app.services.accounts import api_tokens
from app.services.accounts.accounts import Account
from app.services.connections.store import save_connection
from tests.app_fixtures import ApiClient
from tests.fakes.model_server import ModelServer
from tests.run_fixtures import add_run, add_samples

BODY = {"benchmark": "gen_chain_sum", "model": "openai/gpt-4o-mini", "limit": 100}


@pytest.fixture
def openai(app: Flask, owner: Account) -> None:
    with app.app_context(), transaction() as session:
        session.add(
            Connection(
                user_id=owner.id,
                name="openai",
                kind="openai",
                base_url="https://api.openai.com/v1",
                max_connections=10,
            )
        )


def estimate(api: ApiClient, **changes: Any) -> dict[str, Any]:
    answer = api.post("/estimates", json=BODY | changes)
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def checks(shown: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in shown["checks"]}


def states(shown: dict[str, Any]) -> dict[str, str]:
    return {name: check["state"] for name, check in checks(shown).items()}


@pytest.mark.usefixtures("openai")
def test_a_known_price_gives_a_range_with_its_source(api: ApiClient) -> None:
    shown = estimate(api)
    assert (shown["samples"], shown["calls"], shown["price_known"]) == (100, 100, True)
    assert 0 < shown["cost_usd"]["low"] <= shown["cost_usd"]["high"] < 1
    assert "genai-prices" in shown["price_source"]
    assert "prices as of 20" in shown["price_source"]
    assert shown["output_tokens"]["low"] <= shown["output_tokens"]["high"]
    assert 0 < shown["duration_s"]["low"] < shown["duration_s"]["high"]
    assert "40 real prompts counted" in shown["basis"]
    assert "the definition's averages" in shown["basis"]
    double = estimate(api, epochs=2)
    assert (double["samples"], double["calls"]) == (100, 200)
    assert double["input_tokens"] == pytest.approx(2 * shown["input_tokens"], abs=2)


@pytest.mark.usefixtures("openai")
def test_max_tokens_bounds_the_answers(api: ApiClient) -> None:
    shown = estimate(api, max_tokens=5, limit=10)
    assert shown["output_tokens"]["high"] <= 50


@pytest.mark.usefixtures("openai")
def test_a_budget_that_may_not_suffice_is_said(api: ApiClient) -> None:
    assert states(estimate(api, budget_usd=0.000_001))["budget"] == "warn"
    assert states(estimate(api, budget_usd=100))["budget"] == "ok"
    assert "budget" not in states(estimate(api))


@pytest.mark.usefixtures("openai")
def test_an_unknown_price_is_null_and_not_zero(api: ApiClient) -> None:
    shown = estimate(api, model="openai/never-heard-of-it")
    assert (shown["cost_usd"], shown["price_known"], shown["price_source"]) == (
        None,
        False,
        "unknown",
    )
    assert states(shown)["price"] == "warn"


def test_a_simulated_model_costs_nothing_and_says_so(api: ApiClient) -> None:
    shown = estimate(api, model="simulated/expert")
    assert shown["cost_usd"] == {"low": 0, "high": 0}
    assert shown["price_source"] == "simulated"
    assert (states(shown)["price"], states(shown)["connection"]) == ("ok", "warn")


@pytest.mark.usefixtures("openai")
def test_earlier_answers_of_the_same_model_are_the_better_basis(
    app: Flask, api: ApiClient, owner: Account, second_user: Account
) -> None:
    with app.app_context():
        for account in (owner, second_user):
            run_id = add_run(account.id, model="openai/gpt-4o-mini", done=30, simulated=False)
            tokens = 100 if account is owner else 9000
            add_samples(
                run_id, *[{"output_tokens": tokens + at, "latency_ms": 2000} for at in range(30)]
            )
    shown = estimate(api, limit=10)
    assert "30 earlier answers of this model" in shown["basis"]
    low, high = shown["output_tokens"]["low"], shown["output_tokens"]["high"]
    assert 1000 < low < 1145 < high < 1300
    assert shown["duration_s"] == {"low": 1.6, "high": 3.0}


@pytest.mark.usefixtures("openai")
def test_few_earlier_answers_are_no_basis(app: Flask, api: ApiClient, owner: Account) -> None:
    with app.app_context():
        run_id = add_run(owner.id, model="openai/gpt-4o-mini", done=25)
        add_samples(run_id, *[{"output_tokens": None} for _ in range(25)])
    assert "the definition's averages" in estimate(api)["basis"]


def test_a_limit_of_requests_per_minute_bounds_the_duration(
    app: Flask, api: ApiClient, owner: Account
) -> None:
    with app.app_context():
        save_connection(
            owner.id,
            True,
            "slow",
            {
                "kind": "openai_compatible",
                "base_url": "http://127.0.0.1:11434/v1",
                "requests_per_minute": 10,
            },
        )
    assert estimate(api, model="slow/x", limit=50)["duration_s"]["low"] == 300


@pytest.mark.parametrize(
    ("last_test", "words", "state"),
    [
        (None, "has not been tested yet", "warn"),
        ({"ok": True}, "succeeded", "ok"),
        ({"ok": False, "error": {"message": "401"}}, "failed: 401", "warn"),
    ],
)
def test_the_last_test_is_in_the_checks_of_a_server_without_a_list(
    app: Flask,
    api: ApiClient,
    local_model: str,
    model_server: ModelServer,
    last_test: Any,
    words: str,
    state: str,
) -> None:
    model_server.behaviour.has_list = False
    with app.app_context(), transaction() as session:
        session.query(Connection).one().last_test = last_test
    check = checks(estimate(api, model=local_model))["connection"]
    assert (check["state"], words in check["message"]) == (state, True)


def test_data_that_is_not_here_is_in_the_checks(api: ApiClient) -> None:
    shown = estimate(api, benchmark="gsm8k", model="simulated/expert")
    assert states(shown)["data"] == "fail"
    assert "OFFLINE" in checks(shown)["data"]["message"]
    assert "the definition's average" in shown["basis"]
    assert states(estimate(api, model="simulated/expert"))["data"] == "ok"


def test_a_request_that_does_not_fit_is_refused_like_a_run(api: ApiClient) -> None:
    refused = api.post("/estimates", json=BODY | {"model": "nobody/x"})
    assert (refused.status_code, list(refused.json["errors"])) == (422, ["model"])


def test_a_read_token_may_ask(app: Flask, owner: Account) -> None:
    with app.app_context():
        token, _ = api_tokens.create_token(owner.id, "reader", ["read"])
    body = BODY | {"model": "simulated/expert"}
    assert ApiClient(app, token).post("/estimates", json=body).status_code == 200


@pytest.mark.usefixtures("openai")
def test_other_models_on_the_benchmark_are_the_basis_before_the_first_run(
    app: Flask, api: ApiClient, owner: Account, second_user: Account
) -> None:
    with app.app_context():
        for account, tokens in ((owner, 4000), (owner, 8000), (second_user, 90_000)):
            add_run(
                account.id,
                model="openai/gpt-4o",
                done=40,
                output_tokens=tokens,
                simulated=False,
            )
        add_run(owner.id, done=40, output_tokens=90_000)
        # Half of its generations failed, at great length.
        add_run(
            owner.id, model="openai/gpt-4o", done=40, error=20, output_tokens=90_000,
            simulated=False,
        )  # fmt: skip
    shown = estimate(api, limit=10)
    assert "your other models" in shown["basis"]
    assert shown["output_tokens"] == {"low": 750, "high": 2500}
