"""What the command palette finds by typing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.services.accounts.accounts import Account
from app.services.connections import store
from tests.app_fixtures import Browser
from tests.run_fixtures import add_run


@pytest.fixture
def add(app: Flask, owner: Account) -> Callable[..., str]:
    """Adds a run of the owner: ``add(name="first")``."""

    def add_one(account_id: int = owner.id, **columns: Any) -> str:
        with app.app_context():
            return add_run(account_id, **columns)

    return add_one


def found(browser: Browser, q: str = "", kind: str = "") -> list[dict[str, str]]:
    answer = browser.get("/palette", query_string={"q": q})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, str]] = answer.get_json()["items"]
    return [item for item in items if not kind or item["kind"] == kind]


def urls(items: list[dict[str, str]]) -> list[str]:
    return [item["url"] for item in items]


def test_a_run_is_found_by_name_id_benchmark_title_and_model_in_any_order(
    signed_in: Browser, add: Callable[..., str]
) -> None:
    named = add(name="Über nacht", benchmark="mmlu_pro", model="openai/gpt-4o-mini")
    other = add(benchmark="gsm8k", model="local/qwen")
    assert urls(found(signed_in, "nacht")) == [f"/runs/{named}"]
    assert urls(found(signed_in, "GPT-4o mmlu", "Run")) == [f"/runs/{named}"]
    assert urls(found(signed_in, "mmlu-pro", "Run")) == [f"/runs/{named}"], "its title"
    assert urls(found(signed_in, other[-8:])) == [f"/runs/{other}"], "as pages show ids"
    assert urls(found(signed_in, other)) == [f"/runs/{other}"]
    (item,) = found(signed_in, "qwen")
    assert item["label"] == "GSM8K, local/qwen"
    assert item["note"].startswith(f"{other[-8:]}, ")
    assert found(signed_in, "nacht qwen") == []
    assert found(signed_in, "100%_") == []


def test_without_words_the_latest_runs_are_offered_and_nobody_elses(
    signed_in: Browser, add: Callable[..., str], second_user: Account
) -> None:
    mine = [add() for _ in range(10)]
    add(account_id=second_user.id, name="secret")
    assert urls(found(signed_in)) == [f"/runs/{run_id}" for run_id in mine[:1:-1]]
    assert found(signed_in, "secret") == []


def test_benchmarks_that_begin_with_the_word_come_first(signed_in: Browser) -> None:
    labels = [item["label"] for item in found(signed_in, "mmlu", "Benchmark")]
    assert labels[0] == "MMLU"
    assert len(labels) > 1
    math = [item["label"].lower() for item in found(signed_in, "math", "Benchmark")]
    begins = [label.startswith("math") for label in math]
    assert begins == sorted(begins, reverse=True)
    assert urls(found(signed_in, "gsm8k", "Benchmark")) == ["/benchmarks/gsm8k"]


def test_connections_are_found_by_name_and_host_and_lead_to_their_form(
    app: Flask, signed_in: Browser, owner: Account
) -> None:
    with app.app_context():
        store.save_connection(
            owner.id,
            True,
            "lab",
            {"kind": "openai_compatible", "base_url": "https://93.184.215.14/v1"},
        )
    assert urls(found(signed_in, "lab", "Connection")) == ["/settings/connections/lab"]
    assert urls(found(signed_in, "93.184.215", "Connection")) == ["/settings/connections/lab"]
    assert urls(found(signed_in, "simulated", "Connection")) == ["/settings/connections"]


def test_a_session_that_ended_and_a_search_that_is_too_long_are_told(
    app: Flask, signed_in: Browser
) -> None:
    script = {"X-CSRFToken": "x"}
    too_long = signed_in.get("/palette", query_string={"q": "x" * 201}, headers=script)
    assert too_long.status_code == 422
    assert found(signed_in, "unheard " * 25) == []
    assert app.test_client().get("/palette", headers=script).status_code == 401
