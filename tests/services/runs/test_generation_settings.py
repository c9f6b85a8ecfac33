"""Settings of a run that reach the model, from request and form to the body of a call."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.services.accounts.accounts import Account
from app.services.connections import store
from tests.app_fixtures import ApiClient, Browser
from tests.fakes.model_server import ModelServer

Start = Callable[..., str]
Work = Callable[..., dict[str, Any]]

SETTINGS: dict[str, Any] = {
    "system_message": "Answer briefly.",
    "reasoning_effort": "low",
    "thinking_tokens": 2048,
    "max_tokens": 4096,
    "stop": ["END", "\n\n"],
    "top_k": 20,
    "presence_penalty": 0.5,
    "frequency_penalty": -0.25,
    "extra_body": {"min_p": 0.1, "chat_template_kwargs": {"enable_thinking": True}},
}


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


def test_all_settings_reach_a_compatible_server(
    local_model: str, model_server: ModelServer, start_run: Start, work: Work, api: ApiClient
) -> None:
    run_id = start_run(model=local_model, limit=1, **SETTINGS)
    assert work(run_id)["status"] == "completed"
    sent = model_server.requests[0].payload
    assert sent["messages"][0] == {"role": "system", "content": "Answer briefly."}
    assert sent["messages"][1]["role"] == "user"
    assert (sent["reasoning_effort"], sent["thinking_token_budget"]) == ("low", 2048)
    assert (sent["stop"], sent["top_k"]) == (["END", "\n\n"], 20)
    assert (sent["presence_penalty"], sent["frequency_penalty"]) == (0.5, -0.25)
    assert (sent["min_p"], sent["chat_template_kwargs"]) == (0.1, {"enable_thinking": True})
    config = api.get(f"/runs/{run_id}").json["config"]
    assert {name: config[name] for name in SETTINGS} == SETTINGS
    [sample] = api.get(f"/runs/{run_id}/samples").json["items"]
    assert sample["input"][0] == {"role": "system", "content": "Answer briefly."}


def test_anthropic_gets_them_in_its_own_names_and_is_told_of_what_it_lacks(
    app: Flask, owner: Account, model_server: ModelServer, start_run: Start, work: Work,
    api: ApiClient,
) -> None:  # fmt: skip
    fields: Any = {"kind": "anthropic", "base_url": model_server.base_url, "max_retries": 0}
    with app.app_context():
        store.save_connection(owner.id, True, "claude", fields)
    run_id = start_run(model="claude/opus", limit=1, **SETTINGS)
    work(run_id)
    sent = model_server.requests[0].payload
    assert sent["system"] == "Answer briefly."
    assert sent["thinking"] == {"type": "enabled", "budget_tokens": 2048}
    assert sent["output_config"] == {"effort": "low"}
    assert (sent["stop_sequences"], sent["top_k"], sent["min_p"]) == (["END"], 20, 0.1)
    assert "presence_penalty" not in sent
    messages = [notice["message"] for notice in api.get(f"/runs/{run_id}").json["notices"]]
    for word in ("presence_penalty", "frequency_penalty", "stop sequence"):
        assert any(word in message for message in messages)


def test_thinking_makes_the_protocol_s_own_limit_larger(
    local_model: str, start_run: Start, api: ApiClient
) -> None:
    run_id = start_run(benchmark="gen_chain_sum", model=local_model, thinking_tokens=5000)
    assert api.get(f"/runs/{run_id}").json["config"]["max_tokens"] is None
    answer = api.post(
        "/runs",
        json={"benchmark": "gen_chain_sum", "model": local_model, "max_tokens": 1000,
              "thinking_tokens": 1000},
    )  # fmt: skip
    assert answer.status_code == 422
    assert "max_tokens (1,000)" in answer.json["errors"]["thinking_tokens"][0]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("extra_body", {"model": "other"}, "model"),
        ("extra_body", {"messages": []}, "messages"),
        ("extra_body", {"Stream": True}, "stream"),
        ("extra_body", {"max-tokens": 5}, "max_tokens"),
        ("extra_body", {"n": 5}, "epochs"),
        ("extra_body", {"models": ["a"]}, "model"),
        ("extra_body", {"api_key": "sk-1"}, "credentials"),
        ("extra_body", {"Authorization": "Bearer x"}, "credentials"),
        ("extra_body", {"provider": {"x-api-key": "sk-1"}}, "credentials"),
        ("extra_body", {"extra_headers": {"a": "b"}}, "credentials"),
        ("extra_body", {"api_base": "http://elsewhere"}, "connection"),
        ("extra_body", {"a": "x" * 9000}, "8,192 bytes"),
        ("extra_body", {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {}}}}}}}}}, "levels"),
        ("extra_body", {"a": "\0"}, "U+0000"),
        ("extra_body", ["a"], "object"),
        ("reasoning_effort", "enormous", "low"),
        ("thinking_tokens", -1, "at least 0"),
        ("stop", ["a"] * 17, "16"),
        ("stop", [""], "not be empty"),
        ("stop", "END", "list"),
        ("top_k", 1.5, "whole number"),
        ("presence_penalty", 2.1, "2"),
        ("frequency_penalty", "0.5", "number"),
        ("system_message", "  ", "not be empty"),
        ("system_message", "x" * 20_001, "20,000"),
        ("order", "last", "random"),
        ("sample_seed", -1, "at least 0"),
        ("sample_ids", [], "not be empty"),
        ("sample_ids", ["x"] * 501, "500"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_field(
    api: ApiClient, field: str, value: Any, words: str
) -> None:
    body = {"benchmark": "gen_chain_sum", "model": "simulated/expert", "limit": 1, field: value}
    for path in ("/runs", "/estimates"):
        answer = api.post(path, json=body)
        assert answer.status_code == 422, answer.json
        [(name, messages)] = answer.json["errors"].items()
        assert name.partition(".")[0] == field
        assert words in messages[0]
    assert api.get("/runs").json["total"] == 0


def test_a_copy_keeps_all_settings_and_the_form_shows_them(
    local_model: str, start_run: Start, api: ApiClient, signed_in: Browser
) -> None:
    sampling = {"order": "stratified", "sample_seed": 7, "limit": 3, "temperature": None}
    run_id = start_run(model=local_model, **SETTINGS, **sampling)
    config = api.get(f"/runs/{run_id}").json["config"]
    copy = api.post(f"/runs/{run_id}/duplicate", json={}).json
    assert copy["config"] == config
    page = signed_in.get(f"/runs/new?from={run_id}").text
    for shown in ("Answer briefly.", "END\n\\n\\n", 'value="20"', 'value="none"', 'value="7"',
                  'value="low" selected', "selected value=\"stratified\"", "min_p"):  # fmt: skip
        assert (
            shown in page or shown.replace('value="low" selected', 'selected value="low"') in page
        )
    form = {
        "benchmark": "gen_chain_sum", "model": local_model, "limit": "3", "temperature": "none",
        "order": "stratified", "sample_seed": "7", "system_message": "Answer briefly.",
        "reasoning_effort": "low", "thinking_tokens": "2048", "max_tokens": "4096",
        "stop": "END\r\n\\n\\n\r\n", "top_k": "20", "presence_penalty": "0.5",
        "frequency_penalty": "-0.25", "extra_body": json.dumps(SETTINGS["extra_body"]),
    }  # fmt: skip
    answer = signed_in.submit("/runs", form)
    assert answer.status_code == 303, answer.text
    made = api.get("/runs").json["items"][0]
    assert made["run_id"] not in (run_id, copy["run_id"])
    assert made["config"] == config


@pytest.mark.parametrize("text", ["{", "[1]", '"min_p"', "min_p: 1"])
def test_a_form_s_extra_body_that_is_no_object_is_shown_again(
    signed_in: Browser, text: str, api: ApiClient
) -> None:
    form = {"benchmark": "gen_chain_sum", "model": "simulated/expert", "extra_body": text}
    answer = signed_in.submit("/runs", form)
    assert answer.status_code == 422
    assert "no JSON object" in answer.text
    assert api.get("/runs").json["total"] == 0


def test_settings_that_are_not_used_leave_digests_as_they_were(
    local_model: str, start_run: Start, work: Work, api: ApiClient
) -> None:
    digests = []
    for options in ({}, {"top_k": None}, {"top_k": 5}, {"system_message": "Hi."}):
        run_id = start_run(model=local_model, limit=1, **options)
        work(run_id)
        digests.append(api.get(f"/runs/{run_id}").json["digests"])
    plain, unset, with_top_k, with_system = digests
    assert plain == unset
    assert plain["parameters"] == "83db26765264beb9"
    assert with_top_k["parameters"] != plain["parameters"]
    assert with_top_k["prompt"] == plain["prompt"] != with_system["prompt"]


def test_a_comparison_names_the_settings_that_differ(
    local_model: str, start_run: Start, work: Work, api: ApiClient
) -> None:
    ids = []
    for options in ({"temperature": 0.0}, {"temperature": 0.7, "top_k": 5, "stop": ["END"]}):
        ids.append(start_run(model=local_model, limit=2, **options))
        work(ids[-1])
    warnings = " ".join(api.get(f"/compare?run_ids={','.join(ids)}").json["warnings"])
    assert "temperature: 0 and 0.7." in warnings
    assert "top k (top_k): default and 5." in warnings
    assert 'stop sequences (stop): none and ["END"].' in warnings
