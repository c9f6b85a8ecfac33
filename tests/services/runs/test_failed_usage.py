"""What generations that failed used: providers bill it, so samples, runs and budgets count it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask import Flask

from app.services.accounts.accounts import Account
from app.services.connections import store
from tests.app_fixtures import ApiClient, Browser
from tests.fakes.model_server import Answer, Call, ModelServer

PRICE = {"input_usd_per_mtok": 2.0, "output_usd_per_mtok": 8.0}
USED = {"prompt_tokens": 1000, "completion_tokens": 20, "total_tokens": 1020}
USED_BY_CLAUDE = {"input_tokens": 1000, "output_tokens": 20}
COST = (1000 * 2.0 + 20 * 8.0) / 1e6

Body = Mapping[str, Any]


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


def choice(message: Any, finish: str | None, **more: Any) -> dict[str, Any]:
    return {
        "id": "x",
        "choices": [{"index": 0, "message": message, "finish_reason": finish} | more],
    }


def said(text: str | None, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": text, **more}


CALLED = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
FAILED: dict[str, Body] = {
    "error": choice(said("ANS"), "error"),
    "abort": choice(said(""), "abort"),
    "cancelled": choice(said("AN"), "cancelled"),
    "no resources": choice(said("AN"), "insufficient_system_resource"),
    "network error": choice(said(None), "network_error"),
    "engine overloaded": choice(said(None), "engine_overloaded"),
    "other": choice({"role": "assistant"}, "OTHER"),
    "malformed call": choice({"role": "assistant"}, "MALFORMED_FUNCTION_CALL"),
    "malformed response": choice({"role": "assistant"}, "MALFORMED_RESPONSE"),
    "a filter's malformed call": choice(said(None), "function_call_filter: UNEXPECTED_TOOL_CALL"),
    "no message": choice(None, "stop"),
    "no message, no reason": choice(None, None),
    "an unknown reason, no text": choice(said(""), "haywire"),
    "no reason, no text": choice(said(None), None),
    "a tool's call": choice(said(None, tool_calls=CALLED), "tool_calls"),
    "an old function's call": choice(said(None, function_call={"name": "f"}), "function_call"),
    "an error in the choice": choice(said("AN"), "error", error={"code": 502, "message": "broke"}),
    "an error beside the choice": {
        **choice(said("AN"), None),
        "error": {"code": 500, "message": "Internal server error"},
    },
}
CLAUDE_FAILED: dict[str, Body] = {
    "claude uses a tool": {
        "type": "message",
        "content": [{"type": "tool_use", "id": "1", "name": "f", "input": {}}],
        "stop_reason": "tool_use",
    },
    "claude breaks off": {"type": "message", "content": [], "stop_reason": "error"},
    "claude is silent": {"type": "message", "content": [], "stop_reason": None},
}
AT_ONCE = ("an error in the choice", "an error beside the choice")
"""In a stream an error is its end: the tokens, which are told last, are not told any more."""

EVERY = [
    *((name, False) for name in FAILED),
    *((name, True) for name in FAILED if name not in AT_ONCE),
    *((name, stream) for name in CLAUDE_FAILED for stream in (False, True)),
]


def failing(name: str, *, counted: bool = True) -> Callable[[Call], Answer]:
    """Return a script of calls that fail so; ``counted``: and say what they used."""
    usage = USED_BY_CLAUDE if name in CLAUDE_FAILED else USED
    body = {**FAILED, **CLAUDE_FAILED}[name]
    sent = json.dumps({**body, "usage": usage if counted else None}).encode()
    return lambda call: Answer(body=sent)


def right(call: Call) -> Answer:
    return Answer(body=json.dumps({**choice(said("ANSWER: 7"), "stop"), "usage": USED}).encode())


@pytest.fixture
def connect(app: Flask, owner: Account, model_server: ModelServer) -> Callable[..., str]:
    """Saves a priced connection and returns a model of it."""

    def save(kind: str = "openai_compatible", **more: Any) -> str:
        values: Any = {"kind": kind, "base_url": model_server.base_url, "max_retries": 0}
        values |= {"prices": {"*": PRICE}, **more}
        with app.app_context():
            store.save_connection(owner.id, True, "mine", values)
        return "mine/fake-large"

    return save


def rows_of(api: ApiClient, run_id: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(api.get(f"/runs/{run_id}/export?format=csv").text)))


def sample_of(api: ApiClient, run_id: str) -> dict[str, Any]:
    sample: dict[str, Any] = api.get(f"/runs/{run_id}/samples").json["items"][0]
    return sample


@pytest.mark.parametrize(("name", "stream"), EVERY)
def test_what_a_failed_generation_reports_is_counted_everywhere(
    api: ApiClient, signed_in: Browser, connect: Any, start_run: Any, work: Any,
    model_server: ModelServer, name: str, stream: bool,
) -> None:  # fmt: skip
    model_server.behaviour.answer = failing(name)
    kind = "anthropic" if name in CLAUDE_FAILED else "openai_compatible"
    run_id = start_run(model=connect(kind, stream=stream), limit=2)
    work(run_id)

    run = api.get(f"/runs/{run_id}").json
    assert (run["counts"]["error"], run["score"]) == (2, None)
    assert (run["usage"]["input_tokens"], run["usage"]["output_tokens"]) == (2000, 40)
    assert run["usage"]["cost_usd"] == pytest.approx(2 * COST)
    assert run["usage"]["samples_without_usage"] == 0
    sample = sample_of(api, run_id)
    assert (sample["input_tokens"], sample["output_tokens"]) == (1000, 20)
    assert sample["cost_usd"] == pytest.approx(COST)
    assert [float(row["cost_usd"]) for row in rows_of(api, run_id)] == pytest.approx([COST] * 2)
    page = signed_in.get(f"/runs/{run_id}/samples/{sample['sample_id']}").text
    assert "1,000" in page
    assert "$0.0022" in page
    assert "2.0k in, 40 out" in signed_in.get(f"/runs/{run_id}").text


@pytest.mark.parametrize("stream", [False, True], ids=["at once", "streamed"])
@pytest.mark.parametrize("name", ["error", "no message", "a tool's call", "claude uses a tool"])
def test_what_a_failed_generation_does_not_report_is_unknown(
    api: ApiClient, signed_in: Browser, connect: Any, start_run: Any, work: Any,
    model_server: ModelServer, name: str, stream: bool,
) -> None:  # fmt: skip
    model_server.behaviour.answer = failing(name, counted=False)
    kind = "anthropic" if name in CLAUDE_FAILED else "openai_compatible"
    run_id = start_run(model=connect(kind, stream=stream), limit=2)
    work(run_id)

    usage = api.get(f"/runs/{run_id}").json["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (None, None)
    assert (usage["cost_usd"], usage["samples_without_usage"]) == (None, 2)
    sample = sample_of(api, run_id)
    assert (sample["input_tokens"], sample["output_tokens"], sample["cost_usd"]) == (None,) * 3
    assert {row["input_tokens"] for row in rows_of(api, run_id)} == {""}
    page = signed_in.get(f"/runs/{run_id}").text
    assert 'data-live="tokens">unknown<' in page
    assert 'data-live="cost">unknown<' in page
    page = signed_in.get(f"/runs/{run_id}/samples/{sample['sample_id']}").text
    assert "Not reported" in page
    assert "Unknown" in page


@pytest.mark.parametrize("name", ["error", "no message", "malformed call", "claude breaks off"])
def test_tries_that_are_repeated_are_added_up(
    api: ApiClient, connect: Any, start_run: Any, work: Any, model_server: ModelServer, name: str
) -> None:
    kind = "anthropic" if name in CLAUDE_FAILED else "openai_compatible"
    good = {"type": "message", "content": [{"type": "text", "text": "ANSWER: 7"}]}
    answered = Answer(
        body=json.dumps({**good, "stop_reason": "end_turn", "usage": USED_BY_CLAUDE}).encode()
    )
    failed = failing(name)

    def speak(call: Call) -> Answer:
        if call.number % 2 == 0:
            return failed(call)
        return answered if name in CLAUDE_FAILED else right(call)

    model_server.behaviour.answer = speak
    run_id = start_run(model=connect(kind, max_retries=2), limit=2, max_connections=1)
    assert work(run_id)["status"] == "completed"
    usage = api.get(f"/runs/{run_id}").json["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (4000, 80)
    assert usage["cost_usd"] == pytest.approx(4 * COST)
    sample = sample_of(api, run_id)
    assert (sample["attempts"], sample["input_tokens"], sample["output_tokens"]) == (2, 2000, 40)
    assert sample["cost_usd"] == pytest.approx(2 * COST)


def test_a_repeated_try_without_a_count_makes_the_cost_a_least_one(
    api: ApiClient, signed_in: Browser, connect: Any, start_run: Any, work: Any,
    model_server: ModelServer,
) -> None:  # fmt: skip
    silent = failing("error", counted=False)
    model_server.behaviour.answer = lambda call: silent(call) if call.number == 0 else right(call)
    run_id = start_run(model=connect(max_retries=2), limit=2, max_connections=1)
    work(run_id)
    usage = api.get(f"/runs/{run_id}").json["usage"]
    assert (usage["cost_usd"], usage["samples_without_usage"]) == (None, 1)
    assert usage["known_cost_usd"] == pytest.approx(2 * COST)
    samples = api.get(f"/runs/{run_id}/samples").json["items"]
    assert [each["detail"].get("calls_without_usage") for each in samples] == [1, None]
    pages = [signed_in.get(f"/runs/{run_id}/samples/{each['sample_id']}").text for each in samples]
    assert ["at least $0.0022" in page for page in pages] == [True, False]
    assert "at least $0.0043" in signed_in.get(f"/runs/{run_id}").text


def test_what_was_spent_on_an_error_stays_spent_when_it_is_asked_again(
    api: ApiClient, connect: Any, start_run: Any, work: Any, model_server: ModelServer
) -> None:
    model_server.behaviour.answer = failing("error")
    run_id = start_run(model=connect(), limit=2)
    work(run_id)
    for _ in range(2):  # errors again, then answers
        assert api.post(f"/runs/{run_id}/resume", json={"retry_errors": True}).status_code == 202
        work(run_id)
        model_server.behaviour.answer = right
    usage = api.get(f"/runs/{run_id}").json["usage"]
    assert usage["input_tokens"] == 3 * 2000
    assert usage["cost_usd"] == pytest.approx(6 * COST)
    assert sum(float(row["cost_usd"]) for row in rows_of(api, run_id)) == pytest.approx(6 * COST)
    assert {row["attempts"] for row in rows_of(api, run_id)} == {"3"}


def test_a_sample_without_a_count_is_one_however_often_it_is_asked(
    api: ApiClient, connect: Any, start_run: Any, work: Any, model_server: ModelServer
) -> None:
    model_server.behaviour.answer = failing("error", counted=False)
    run_id = start_run(model=connect(), limit=2)
    work(run_id)
    for _ in range(2):  # errors again, then answers
        assert api.post(f"/runs/{run_id}/resume", json={"retry_errors": True}).status_code == 202
        work(run_id)
        assert api.get(f"/runs/{run_id}").json["usage"]["samples_without_usage"] == 2
        model_server.behaviour.answer = right
    usage = api.get(f"/runs/{run_id}").json["usage"]
    assert usage["known_cost_usd"] == pytest.approx(2 * COST)


def test_a_budget_covers_the_tries_that_fail(
    api: ApiClient, connect: Any, start_run: Any, work: Any, model_server: ModelServer
) -> None:
    usage = {"prompt_tokens": 40, "completion_tokens": 20}
    body = json.dumps({**FAILED["error"], "usage": usage}).encode()
    model_server.behaviour.answer = lambda call: Answer(body=body)
    model, budget = connect(max_retries=5), 0.001
    run_id = start_run(model=model, limit=40, max_tokens=20, max_connections=1, budget_usd=budget)
    row = work(run_id)
    assert (row["status"], row["failure"]["code"]) == ("paused", "budget_reached")
    assert 0 < api.get(f"/runs/{run_id}").json["usage"]["cost_usd"] <= budget


def test_failed_generations_are_tried_again_while_calls_under_way_hold_the_budget(
    api: ApiClient, connect: Any, start_run: Any, work: Any, model_server: ModelServer
) -> None:
    usage = {"prompt_tokens": 40, "completion_tokens": 5}
    failed = json.dumps({**FAILED["error"], "usage": usage}).encode()
    answered = json.dumps({**choice(said("ANSWER: 7"), "stop"), "usage": usage}).encode()
    model_server.behaviour.answer = lambda call: Answer(
        body=failed if call.number < 4 else answered
    )
    # A call may cost 0.0085, so that four of them leave no room for a fifth one.
    asked = {"limit": 20, "max_tokens": 1000, "max_connections": 4, "budget_usd": 0.035}
    run_id = start_run(model=connect(max_retries=2), **asked)
    assert work(run_id)["status"] == "completed"
    run = api.get(f"/runs/{run_id}").json
    assert run["counts"]["error"] == 0
    assert run["usage"]["cost_usd"] == pytest.approx(24 * (40 * 2.0 + 5 * 8.0) / 1e6)


def test_a_stream_that_breaks_off_keeps_what_it_counted(
    api: ApiClient, connect: Any, start_run: Any, work: Any, model_server: ModelServer
) -> None:
    begun = (
        b'event: message_start\ndata: {"type": "message_start", "message": {"id": "m", "content": '
        b'[], "usage": {"input_tokens": 1000, "output_tokens": 1}}}\n\n',
        b'event: content_block_delta\ndata: {"type": "content_block_delta", "index": 0, "delta": '
        b'{"type": "text_delta", "text": "ANS"}}\n\n',
    )
    model_server.behaviour.answer = lambda call: Answer(events=begun, how="cut")
    run_id = start_run(model=connect("anthropic", stream=True), limit=1)
    work(run_id)
    sample = sample_of(api, run_id)
    assert (sample["outcome"], sample["input_tokens"], sample["output_tokens"]) == (
        "error", 1000, None,
    )  # fmt: skip
    usage = api.get(f"/runs/{run_id}").json["usage"]
    assert (usage["samples_without_usage"], usage["cost_usd"]) == (1, None)


@pytest.mark.parametrize("fault", ["server_error", "bad_request", "rate_limit", "error_in_200"])
def test_a_call_that_was_refused_generated_nothing(
    api: ApiClient, connect: Any, start_run: Any, work: Any, model_server: ModelServer, fault: str
) -> None:
    model_server.behaviour.answer = right
    model_server.fail(fault, times=1)
    run_id = start_run(model=connect(), limit=2, max_connections=1, max_error_rate=1)
    work(run_id)
    usage = api.get(f"/runs/{run_id}").json["usage"]
    assert (usage["samples_without_usage"], usage["input_tokens"]) == (0, 1000)
    assert usage["cost_usd"] == pytest.approx(COST)
    assert sample_of(api, run_id)["input_tokens"] is None
