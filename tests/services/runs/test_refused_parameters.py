"""Runs on models that refuse something of what is sent: they go on without it, and say so."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask import Flask

from app.services.accounts.accounts import Account
from app.services.connections import store
from tests.app_fixtures import ApiClient, Browser
from tests.fakes.model_server import Answer, Call, ModelServer

Start = Callable[..., str]
Work = Callable[..., dict[str, Any]]


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


def refusal(message: str, status: int = 400, **error: Any) -> Answer:
    body = {"error": {"message": message, "type": "invalid_request_error", **error}}
    return Answer(status=status, body=json.dumps(body).encode())


def refusing(
    server: ModelServer, *rules: tuple[Callable[[Mapping[str, Any]], bool], Answer]
) -> None:
    """Let a server refuse the bodies that a rule applies to, and answer all others as before."""
    before = server.behaviour.answer
    assert callable(before)

    def answer(call: Call) -> str | Answer:
        return next((said for rule, said in rules if rule(call.payload)), None) or before(call)

    server.behaviour.answer = answer


def has(name: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda body: name in body


def anthropic(app: Flask, owner: Account, server: ModelServer) -> str:
    """Return a model behind Anthropic's API on ``server``."""
    fields: Any = {"kind": "anthropic", "base_url": server.base_url, "max_retries": 0}
    with app.app_context():
        store.save_connection(owner.id, True, "claude", fields)
    return "claude/opus"


DEPRECATED = refusal("`temperature` is deprecated for this model.")


@pytest.mark.parametrize("kind", ["openai_compatible", "anthropic"])
def test_a_run_goes_on_without_the_parameter_and_tells_it_once(
    app: Flask, owner: Account, local_model: str, model_server: ModelServer, kind: str,
    start_run: Start, work: Work, api: ApiClient, signed_in: Browser,
) -> None:  # fmt: skip
    refusing(model_server, (has("temperature"), DEPRECATED))
    model = local_model if kind != "anthropic" else anthropic(app, owner, model_server)
    run_id = start_run(model=model, temperature=0.5, limit=8, max_connections=2)
    ended = work(run_id)
    assert (ended["status"], ended["correct"], ended["error"]) == ("completed", 8, 0)
    refused = [call for call in model_server.requests if "temperature" in call.payload]
    assert 1 <= len(refused) <= 2  # as many as were under way at once
    view = api.get(f"/runs/{run_id}").json
    [notice] = view["notices"]
    assert notice["code"] == "parameter_dropped"
    assert "does not accept temperature" in notice["message"]
    assert "deprecated for this model" in notice["message"]
    assert view["config"]["temperature"] == 0.5
    page = signed_in.get(f"/runs/{run_id}").text
    assert page.count("does not accept temperature") == 2  # above, and in the log
    said = "not sent: the model does not take it"
    assert f'0.5 <span class="muted">({said})</span>' in page
    report = signed_in.get(f"/runs/{run_id}/report.md").text
    assert f"Temperature `0.5 ({said})`" in report
    assert said in api.get(f"/runs/{run_id}/export?format=html").text


def test_a_resumed_run_remembers(
    local_model: str, model_server: ModelServer, start_run: Start, work: Work, api: ApiClient
) -> None:
    refusing(model_server, (has("temperature"), DEPRECATED))
    run_id = start_run(model=local_model, temperature=0.5, limit=3, max_connections=1)
    model_server.fail("server_error", every=3)
    assert work(run_id)["error"] == 1
    model_server.recover()
    before = len(model_server.requests)
    assert api.post(f"/runs/{run_id}/resume", json={"retry_errors": True}).status_code == 202
    ended = work(run_id)
    assert (ended["status"], ended["correct"]) == ("completed", 3)
    again = model_server.requests[before:]
    assert len(again) == 1
    assert "temperature" not in again[0].payload
    assert len(api.get(f"/runs/{run_id}").json["notices"]) == 1


def test_a_limit_beyond_the_model_s_own_is_lowered(
    local_model: str, model_server: ModelServer, start_run: Start, work: Work, api: ApiClient
) -> None:
    said = "max_tokens is too large: 9000. This model supports at most 4096 completion tokens."
    refusing(model_server, (lambda body: body["max_tokens"] > 4096, refusal(said)))
    run_id = start_run(model=local_model, limit=2, max_tokens=9000)
    assert work(run_id)["correct"] == 2
    assert model_server.requests[-1].payload["max_tokens"] == 4096
    assert "max_tokens up to 4,096" in api.get(f"/runs/{run_id}").json["notices"][0]["message"]


@pytest.mark.parametrize(
    "said",
    [
        "'max_tokens' or 'max_completion_tokens' is too large: 9000. This model's maximum context "
        "length is 2048 tokens and your request has 25 input tokens (9000 > 2048 - 25).",
        "This model's maximum context length is 2048 tokens. However, you requested 9025 tokens "
        "(25 in the messages, 9000 in the completion). Please reduce the length of the messages.",
        "input length and `max_tokens` exceed context limit: 25 + 9000 > 2048, decrease input "
        "length or `max_tokens` and try again",
        "You passed 25 input tokens and requested 9000 output tokens. However, the model's context "
        "length is only 2048 tokens.",
    ],
)
def test_a_limit_that_leaves_no_room_for_the_prompt_is_named_and_ends_the_run_early(
    local_model: str, model_server: ModelServer, start_run: Start, work: Work, said: str
) -> None:
    refusing(model_server, (has("max_tokens"), refusal(said)))
    ended = work(start_run(model=local_model, limit=200, max_tokens=9000, max_connections=4))
    assert ended["status"] == "failed"
    assert ended["done"] < 50
    assert ended["failure"]["code"] == "max_tokens_too_large"
    assert "max_tokens is too large" in ended["failure"]["message"]
    assert "2,048" in ended["failure"]["message"]
    assert "smaller max_tokens" in ended["failure"]["action"]


def test_null_is_not_sent_and_what_is_left_out_is_the_protocol_s(
    local_model: str, model_server: ModelServer, start_run: Start, work: Work, api: ApiClient
) -> None:
    default = start_run(model=local_model, limit=1)
    unsent = start_run(model=local_model, limit=1, temperature=None, max_tokens=None)
    copy = api.post(f"/runs/{unsent}/duplicate", json={}).json["run_id"]
    warm = {"overrides": {"temperature": 0.3}}
    warmer = api.post(f"/runs/{unsent}/duplicate", json=warm).json["run_id"]
    cold = {"overrides": {"temperature": None}}
    colder = api.post(f"/runs/{default}/duplicate", json=cold).json["run_id"]
    for run_id, sent in ((default, True), (unsent, False), (copy, False), (warmer, True),
                         (colder, False)):  # fmt: skip
        work(run_id)
        assert ("temperature" in model_server.requests[-1].payload) is sent
    for run_id in (unsent, copy):
        assert api.get(f"/runs/{run_id}").json["config"]["temperature"] is None
    assert api.get(f"/runs/{warmer}").json["config"]["max_tokens"] is None


def test_a_system_message_that_is_refused_becomes_part_of_the_question(
    local_model: str, model_server: ModelServer, start_run: Start, work: Work, api: ApiClient
) -> None:
    def has_system(body: Mapping[str, Any]) -> bool:
        return any(message["role"] == "system" for message in body["messages"])

    refusing(model_server, (has_system, refusal("System role not supported", 500)))
    run_id = start_run(
        benchmark="gen_chain_sum", model=local_model, limit=2, system_message="Be brief."
    )
    ended = work(run_id)
    assert ended["error"] == 0
    assert model_server.requests[-1].payload["messages"][0]["role"] == "user"
    assert model_server.requests[-1].prompt.startswith("Be brief.\n\n")
    assert api.get(f"/runs/{run_id}").json["notices"][0]["code"] == "system_merged"
