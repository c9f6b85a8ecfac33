"""What a run spends: per sample and in all, on pages, in the API and in exports."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest
from flask import Flask

from app.services.accounts.accounts import Account
from app.services.connections import store
from tests.app_fixtures import ApiClient, Browser
from tests.fakes.model_server import Answer, ModelServer

PRICE = {"input_usd_per_mtok": 2.0, "cached_input_usd_per_mtok": 0.5, "output_usd_per_mtok": 8.0}
FREE = {"input_usd_per_mtok": 0, "output_usd_per_mtok": 0}
USAGE = {
    "prompt_tokens": 1000,
    "completion_tokens": 20,
    "total_tokens": 1100,
    "prompt_tokens_details": {"cached_tokens": 600},
    "completion_tokens_details": {"reasoning_tokens": 80},
}
"""As xAI counts: 80 tokens of reasoning beside 20 of the answer."""

NOTHING = re.compile(r"\$0\.00(?!\d)")
COST = (400 * 2.0 + 600 * 0.5 + 100 * 8.0) / 1e6


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


def reply(usage: dict[str, Any] | None) -> Answer:
    choice = {"index": 0, "message": {"role": "assistant", "content": "ANSWER: 7"}}
    body = {"id": "x", "choices": [{**choice, "finish_reason": "stop"}], "usage": usage}
    return Answer(body=json.dumps(body).encode())


@pytest.fixture
def connect(app: Flask, owner: Account, model_server: ModelServer) -> Any:
    """Return a function that saves the connection ``mine`` with prices."""

    def save(name: str = "mine", **prices: Any) -> str:
        values: Any = {"base_url": model_server.base_url, "prices": prices}
        with app.app_context():
            store.save_connection(owner.id, True, name, values)
        return f"{name}/fake-large"

    return save


def test_cached_and_reasoning_tokens_are_kept_priced_shown_and_exported(
    api: ApiClient, signed_in: Browser, connect: Any, start_run: Any, work: Any,
    model_server: ModelServer,
) -> None:  # fmt: skip
    model_server.behaviour.answer = lambda call: reply(USAGE)
    run_id = start_run(model=connect(**{"fake-large": PRICE}), limit=3)
    assert work(run_id)["status"] == "completed"
    usage = api.get(f"/runs/{run_id}").json["usage"]
    assert (usage["input_tokens"], usage["cached_input_tokens"]) == (3000, 1800)
    assert (usage["output_tokens"], usage["reasoning_tokens"]) == (300, 240)
    assert usage["cost_usd"] == pytest.approx(3 * COST)
    assert (usage["known_cost_usd"], usage["samples_without_usage"]) == (usage["cost_usd"], 0)

    sample = api.get(f"/runs/{run_id}/samples").json["items"][0]
    assert (sample["input_tokens"], sample["cached_input_tokens"]) == (1000, 600)
    assert (sample["output_tokens"], sample["reasoning_tokens"]) == (100, 80)
    assert sample["cost_usd"] == pytest.approx(COST)
    rows = list(csv.DictReader(io.StringIO(api.get(f"/runs/{run_id}/export?format=csv").text)))
    assert [float(row["cost_usd"]) for row in rows] == pytest.approx([COST] * 3)
    assert {row["cached_input_tokens"] for row in rows} == {"600"}
    assert {row["reasoning_tokens"] for row in rows} == {"80"}

    page = signed_in.get(f"/runs/{run_id}").text
    assert "3.0k in (1.8k cached), 300 out (240 reasoning)" in page
    assert "$0.0057" in page
    page = signed_in.get(f"/runs/{run_id}/samples/{sample['sample_id']}").text
    assert "$0.0019" in page
    assert "from the cache" in page


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": None}], ids=str)
def test_without_usage_tokens_and_cost_are_unknown_and_never_nothing(
    api: ApiClient, signed_in: Browser, connect: Any, start_run: Any, work: Any,
    model_server: ModelServer, usage: Any,
) -> None:  # fmt: skip
    model_server.behaviour.answer = lambda call: reply(usage)
    run_id = start_run(model=connect(**{"*": PRICE}), limit=2)
    row = work(run_id)
    assert (row["status"], row["cost_usd"]) == ("completed", None)
    shown = api.get(f"/runs/{run_id}").json["usage"]
    assert (shown["input_tokens"], shown["output_tokens"], shown["cost_usd"]) == (None, None, None)
    assert (shown["samples_without_usage"], shown["known_cost_usd"]) == (2, None)
    sample = api.get(f"/runs/{run_id}/samples").json["items"][0]
    assert (sample["input_tokens"], sample["cost_usd"]) == (None, None)
    page = signed_in.get(f"/runs/{run_id}").text
    assert re.search(r'data-live="cost">unknown<', page)
    assert re.search(r'data-live="tokens">unknown<', page)
    assert "The provider did not count them" in page
    page = signed_in.get(f"/runs/{run_id}/samples/{sample['sample_id']}").text
    assert "Not reported" in page
    assert not NOTHING.search(page)
    for path in ("/", "/runs"):
        assert not NOTHING.search(signed_in.get(path).text)


def test_a_cost_of_which_a_part_is_unknown_is_at_least_the_known_part(
    api: ApiClient, signed_in: Browser, connect: Any, start_run: Any, work: Any,
    model_server: ModelServer,
) -> None:  # fmt: skip
    model_server.behaviour.answer = lambda call: reply(USAGE if call.number % 2 else None)
    run_id = start_run(model=connect(**{"*": PRICE}), limit=4, max_connections=1)
    work(run_id)
    shown = api.get(f"/runs/{run_id}").json["usage"]
    assert (shown["cost_usd"], shown["samples_without_usage"]) == (None, 2)
    assert shown["known_cost_usd"] == pytest.approx(2 * COST)
    page = signed_in.get(f"/runs/{run_id}").text
    assert "at least $0.0038" in page
    assert "2 without a count" in page


def test_a_server_of_ones_own_is_free_only_when_its_owner_says_so(
    api: ApiClient, connect: Any, start_run: Any, work: Any, model_server: ModelServer
) -> None:
    model_server.behaviour.answer = lambda call: reply(None)
    unknown = start_run(model=connect("my-openai-vllm"), limit=2)
    assert api.get(f"/runs/{unknown}").json["estimate"]["price_known"] is False
    assert work(unknown)["cost_usd"] is None
    free = start_run(model=connect("free", **{"*": FREE}), limit=2, budget_usd=0.01)
    run = api.get(f"/runs/{free}").json
    assert run["estimate"]["cost_usd"] == {"low": 0, "high": 0}
    assert run["estimate"]["price_source"] == "your own price"
    assert work(free)["cost_usd"] == 0
    assert api.get(f"/runs/{free}").json["usage"]["cost_usd"] == 0


def test_an_answer_keeps_the_price_that_it_had(
    api: ApiClient, connect: Any, start_run: Any, work: Any, model_server: ModelServer
) -> None:
    model_server.behaviour.answer = lambda call: reply(USAGE)
    model_server.fail("bad_request", times=1)
    model = connect(**{"*": PRICE})
    run_id = start_run(model=model, limit=3, max_connections=1, max_error_rate=1)
    assert work(run_id)["cost_usd"] == pytest.approx(2 * COST)
    connect(**{"*": {name: 10 * usd for name, usd in PRICE.items()}})
    assert api.post(f"/runs/{run_id}/resume", json={"retry_errors": True}).status_code == 202
    assert work(run_id)["cost_usd"] == pytest.approx(12 * COST)


def test_estimates_of_less_than_a_cent_are_not_nothing(api: ApiClient, connect: Any) -> None:
    cheap = {"input_usd_per_mtok": 0.0001, "output_usd_per_mtok": 0.0001}
    body = {"benchmark": "gen_chain_sum", "model": connect(**{"*": cheap}), "limit": 1}
    cost = api.post("/estimates", json=body).json["cost_usd"]
    assert 0 < cost["low"] <= cost["high"] < 0.000_001


def test_a_budget_whose_price_became_unknown_is_not_forgotten(
    api: ApiClient, connect: Any, start_run: Any, work: Any, model_server: ModelServer
) -> None:
    run_id = start_run(model=connect(**{"*": PRICE}), limit=2, budget_usd=1)
    connect()
    row = work(run_id)
    assert (row["status"], row["failure"]["code"]) == ("failed", "price_unknown")
    assert model_server.calls == 0
