"""What is looked at before a run: the same list for estimate, start and page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from app.broker import queues
from app.db import db, transaction
from app.models import Run
from app.services.accounts.accounts import Account
from app.services.connections import model_lists, store
from app.services.connections.model_catalog import chats
from app.services.connections.model_lookup import is_listed
from tests.app_fixtures import ApiClient, Browser, _api_of
from tests.fakes.model_server import ModelServer
from tests.run_fixtures import BENCHMARK, RUN, add_run

JUDGED = {"benchmark": "simpleqa", "model": "simulated/expert", "limit": 2}


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    model_lists._kept.clear()
    yield
    model_lists._kept.clear()


def checks_of(answer: Any) -> dict[str, dict[str, Any]]:
    for check in answer.json["checks"]:
        assert list(check) == ["name", "state", "message", "action"]
        assert check["state"] in ("ok", "warn", "fail")
        assert check["message"]
        assert check["state"] == "ok" or check["action"], check
    return {check["name"]: check for check in answer.json["checks"]}


def estimate(api: ApiClient, **changes: Any) -> dict[str, dict[str, Any]]:
    answer = api.post("/estimates", json=RUN | changes)
    assert answer.status_code == 200, answer.text
    return checks_of(answer)


def serving(server: ModelServer, model: str, **facts: Any) -> ModelServer:
    """Let a server list one model with these facts."""
    server.behaviour.models, server.behaviour.facts = (model,), {model: facts}
    return server


def connect(app: Flask, account: Account, server: ModelServer, name: str = "mine") -> None:
    with app.app_context():
        store.save_connection(
            account.id, True, name, {"kind": "openai_compatible", "base_url": server.base_url}
        )


def test_a_model_that_the_server_lists_is_fine(api: ApiClient, local_model: str) -> None:
    checks = estimate(api, model=local_model)
    assert (checks["model"]["state"], checks["chat"]["state"]) == ("ok", "ok")
    assert checks["connection"] == {
        "name": "connection",
        "state": "ok",
        "message": "The connection local answers.",
        "action": None,
    }


def test_a_model_that_the_list_lacks_is_a_warning_with_what_is_near(
    app: Flask, api: ApiClient, local_model: str
) -> None:
    check = estimate(api, model="local/fake-larger")["model"]
    assert check["state"] == "warn"
    assert check["message"] == "The connection local does not list the model fake-larger."
    assert "fake-large" in check["action"]
    started = api.post("/runs", json=RUN | {"model": "local/fake-larger"})
    assert started.status_code == 201


def test_a_simulated_model_that_does_not_exist_is_a_warning(api: ApiClient) -> None:
    check = estimate(api, model="simulated/nobody")["model"]
    assert check["state"] == "warn"
    assert "simulated does not list the model nobody" in check["message"]


@pytest.mark.parametrize(
    "model",
    [
        "text-embedding-3-small",
        "nomic-embed-text:latest",
        "BAAI/bge-m3",
        "gemini-embedding-001",
        "whisper-1",
        "gpt-4o-mini-tts",
        "dall-e-3",
        "omni-moderation-latest",
        "rerank-v3.5",
    ],
)
def test_models_that_do_not_chat_are_refused_with_the_remedy(
    app: Flask, api: ApiClient, local_model: str, model: str
) -> None:
    check = estimate(api, model=f"local/{model}")["chat"]
    assert check["state"] == "fail"
    refused = api.post("/runs", json=RUN | {"model": f"local/{model}"})
    assert (refused.status_code, refused.json["code"]) == (422, "preflight_failed")
    assert "answers chat" in refused.json["action"]


@pytest.mark.parametrize(
    ("model", "answers"),
    [
        ("gpt-4o-mini", True),
        ("claude-sonnet-4-5", True),
        ("llama3.2:1b", True),
        ("deepseek/deepseek-r1:free", True),
        ("gemini-2.5-flash", True),
        ("llama-guard-4-12b", None),
        ("gemini-2.5-flash-preview-tts", None),
    ],
)
def test_models_that_chat_or_may_are_not_refused(model: str, answers: bool | None) -> None:
    assert chats(model) is answers


@pytest.mark.parametrize(
    ("model", "ids", "listed"),
    [
        ("llama3.2", ["llama3.2:latest"], True),
        ("llama3.2:1b", ["llama3.2:latest"], False),
        ("models/gemini-2.5-pro", ["gemini-2.5-pro"], True),
        ("deepseek/r1:free", ["deepseek/r1"], True),
        ("openai/gpt-4o", ["openai/*"], True),
        ("gpt-4o", ["gpt-4o-mini"], False),
        ("anything", [], False),
    ],
)
def test_names_that_servers_understand_count_as_listed(
    model: str, ids: list[str], listed: bool
) -> None:
    assert is_listed(model, ids) is listed


def test_a_server_without_a_list_leaves_it_open(app: Flask, api: ApiClient, owner: Account) -> None:
    with ModelServer() as server:
        server.behaviour.has_list = False
        connect(app, owner, server)
        check = estimate(api, model="mine/x")["model"]
    assert check["state"] == "warn"
    assert "is not known" in check["message"]


def test_a_server_that_is_not_there_is_said_once(
    app: Flask, api: ApiClient, owner: Account
) -> None:
    with ModelServer() as server:
        connect(app, owner, server)
        assert api.post("/connections/mine/test").json["ok"]
    model_lists._kept.clear()
    checks = estimate(api, model="mine/fake-large")
    assert checks["connection"]["state"] == checks["model"]["state"] == "warn"
    assert "refused the connection" in checks["connection"]["message"]
    assert checks["model"]["message"] == "Whether mine has fake-large is not known."


@pytest.mark.parametrize(
    ("key", "said"), [("mine", "rejected the API key."), (None, "asks for an API key.")]
)
def test_a_key_that_is_refused_or_missing_is_said(
    app: Flask,
    owner: Account,
    api: ApiClient,
    local_model: str,
    model_server: ModelServer,
    key: str | None,
    said: str,
) -> None:
    if key:
        with app.app_context():
            name = local_model.partition("/")[0]
            store.save_connection(
                owner.id, True, name, {"base_url": model_server.base_url, "api_key": key}
            )
    model_server.behaviour.api_key = "another"
    check = estimate(api, model=local_model)["connection"]
    assert (check["state"], said in check["message"]) == ("warn", True)


@pytest.mark.parametrize(
    "row",
    [
        {"max_model_len": 10},
        {"context_length": 10},
        {"context_window": 10},
        {"meta": {"n_ctx": 10}},
        {"loaded_context_length": 10, "max_context_length": 4096},
    ],
)
def test_a_context_that_no_prompt_fits_into_is_refused(
    app: Flask, api: ApiClient, owner: Account, row: dict[str, Any]
) -> None:
    with ModelServer() as server:
        connect(app, owner, serving(server, "tiny", **row))
        check = estimate(api, model="mine/tiny")["context"]
        system = estimate(api, model="mine/tiny", system_message="word " * 2000)["context"]
    assert check["state"] == "fail"
    assert "room for 10 tokens" in check["message"]
    assert re.search(
        r"longest prompt has about 2,\d{3}, the average one 2,\d{3}", system["message"]
    )


@pytest.mark.parametrize(("max_tokens", "state"), [(100, "ok"), (4000, "warn")])
def test_the_longest_prompt_and_the_answer_must_fit_into_the_context(
    app: Flask, api: ApiClient, owner: Account, max_tokens: int, state: str
) -> None:
    with ModelServer() as server:
        connect(app, owner, serving(server, "small", max_model_len=2048))
        check = estimate(api, model="mine/small", max_tokens=max_tokens)["context"]
    assert check["state"] == state
    assert "the longest prompt" in check["message"]


def test_a_benchmark_whose_data_is_not_here_is_not_started(api: ApiClient) -> None:
    refused = api.post("/runs", json=RUN | {"benchmark": "gsm8k"})
    assert (refused.status_code, refused.json["code"]) == (422, "preflight_failed")
    assert checks_of(refused)["data"]["state"] == "fail"
    assert list(refused.json["errors"]) == ["benchmark"]


def test_code_of_models_is_run_only_where_the_admin_allows_it(
    make_app: Any, broker_url: str, owner: Account, api: ApiClient
) -> None:
    assert estimate(api, benchmark="humaneval")["code_execution"]["state"] == "fail"
    assert "code_execution" not in estimate(api)
    refused = api.post("/runs", json=RUN | {"benchmark": "humaneval"})
    assert "ALLOW_CODE_EXECUTION" in refused.json["action"]
    allowed = _api_of(make_app(redis_url=broker_url, allow_code_execution=True), owner)
    assert estimate(allowed, benchmark="humaneval")["code_execution"]["state"] == "ok"


def test_a_judge_is_there_real_and_priced(
    app: Flask, api: ApiClient, local_model: str, model_server: ModelServer
) -> None:
    real = {**JUDGED, "model": local_model}
    for judge, state in [
        (None, "fail"),
        ("nowhere/x", "fail"),
        ("simulated/expert", "fail"),
        ("local/text-embedding-3-small", "fail"),
        ("local/not-listed", "warn"),
        ("local/fake-small", "warn"),  # no price is known
    ]:
        named = {**real, "judge": judge} if judge else real
        assert estimate(api, **named)["judge"]["state"] == state, judge
    assert estimate(api, **JUDGED, judge="simulated/expert")["judge"]["state"] == "ok"
    assert "judge" not in estimate(api)


def test_a_budget_without_a_price_cannot_be_kept(api: ApiClient, local_model: str) -> None:
    checks = estimate(api, model=local_model, budget_usd=1)
    assert (checks["price"]["state"], checks["budget"]["state"]) == ("warn", "fail")


def test_without_a_worker_the_run_will_wait(api: ApiClient, monkeypatch: Any) -> None:
    assert estimate(api)["worker"]["state"] == "warn"
    monkeypatch.setattr(queues, "count_workers", lambda: 2)
    assert estimate(api)["worker"]["state"] == "ok"


def test_without_a_queue_the_estimate_says_so(make_app: Any, owner: Account) -> None:
    away = _api_of(make_app(), owner)
    check = estimate(away)["worker"]
    assert (check["state"], "queue server" in check["message"]) == ("warn", True)


def test_disk_and_storage_have_room(app: Flask, api: ApiClient, owner: Account) -> None:
    checks = estimate(api)
    assert (checks["disk"]["state"], checks["storage"]["state"]) == ("ok", "ok")
    with app.app_context():
        add_run(owner.id, status="completed")
        with transaction() as session:
            session.execute(update(Run).values(stored_bytes=10**12))
    assert estimate(api)["storage"]["state"] == "fail"


def test_the_form_says_why_nothing_was_started(app: Flask, signed_in: Browser) -> None:
    answer = signed_in.submit("/runs", {"benchmark": "humaneval", "model": "simulated/expert"})
    assert answer.status_code == 422
    assert "needs code execution" in answer.text
    assert "ALLOW_CODE_EXECUTION" in answer.text


def test_one_sample_is_asked_scored_and_not_stored(
    app: Flask, api: ApiClient, local_model: str, model_server: ModelServer
) -> None:
    answer = api.post("/estimates/sample", json=RUN | {"model": local_model, "limit": 50})
    assert answer.status_code == 200, answer.text
    sample = answer.json["sample"]
    assert model_server.calls == 1
    assert sample["outcome"] == "correct"
    assert sample["completion"] == f"ANSWER: {sample['target']}"
    assert sample["input"] == model_server.requests[0].payload["messages"]
    assert (sample["score"], sample["answer"]) == (1.0, sample["target"])
    assert sample["cost_usd"] is None  # no price is known
    assert sample["duration_s"] > 0
    assert sample["latency_ms"] is not None
    assert api.get("/runs").json["total"] == 0
    with app.app_context():
        assert db.session.query(Run).count() == 0


def test_one_sample_of_a_simulated_model_costs_nothing(api: ApiClient) -> None:
    sample = api.post("/estimates/sample", json=RUN).json["sample"]
    assert sample["cost_usd"] == 0
    assert sample["outcome"] in ("correct", "incorrect", "unparsable", "truncated", "refused")


@pytest.mark.parametrize(
    ("fault", "code"), [("server_error", "server_error"), ("bad_key", "auth"), ("quota", "quota")]
)
def test_a_call_that_fails_says_why_and_is_not_repeated(
    api: ApiClient, local_model: str, model_server: ModelServer, fault: str, code: str
) -> None:
    model_server.fail(fault, times=9)
    sample = api.post("/estimates/sample", json=RUN | {"model": local_model}).json["sample"]
    assert (sample["outcome"], sample["score"]) == ("error", None)
    assert sample["error"]["code"] == code
    assert sample["error"]["message"]
    assert model_server.calls == 1


def test_a_sample_is_refused_like_a_start(api: ApiClient) -> None:
    refused = api.post("/estimates/sample", json=RUN | {"benchmark": "humaneval"})
    assert (refused.status_code, refused.json["code"]) == (422, "preflight_failed")


def test_an_own_benchmark_can_be_tried(app: Flask, api: ApiClient) -> None:
    file = (BytesIO(b"question,answer\n1+1,2\n"), "sums.csv")
    values = {"name": "sums", "question": "question", "target": "answer", "scorer": "exact/number"}
    assert api.post("/benchmarks/own", data={**values, "file": file}).status_code == 201
    tried = api.post("/estimates/sample", json={"benchmark": "own/sums", "model": RUN["model"]})
    assert tried.json["sample"]["target"] == "2"


def test_the_form_tries_a_sample_with_all_that_it_holds(
    app: Flask, signed_in: Browser, local_model: str, model_server: ModelServer
) -> None:
    form = {"benchmark": BENCHMARK, "model": local_model, "temperature": "0.3", "limit": "20"}
    answer = signed_in.submit("/runs/try", form)
    assert answer.status_code == 200
    assert answer.get_json()["sample"]["outcome"] == "correct"
    assert model_server.requests[0].payload["temperature"] == 0.3
    refused = signed_in.submit("/runs/try", {**form, "temperature": "hot"})
    assert (refused.status_code, list(refused.get_json()["errors"])) == (422, ["temperature"])
    refused = signed_in.submit("/runs/try", {**form, "benchmark": "humaneval"})
    assert refused.get_json()["code"] == "preflight_failed"
