"""Anthropic's API demands a limit: what is sent where a run names none is recorded and fits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from app.services.accounts.accounts import Account
from app.services.connections import store
from tests.app_fixtures import ApiClient, Browser
from tests.fakes.model_server import Answer, Call, ModelServer
from tests.fakes.provider_shapes import anthropic_message

Start = Callable[..., str]
Work = Callable[..., dict[str, Any]]


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


@pytest.fixture
def claude(app: Flask, owner: Account) -> Iterator[ModelServer]:
    """A server of Anthropic's API behind the connection ``claude``."""
    with ModelServer() as server:
        with app.app_context():
            fields: Any = {"kind": "anthropic", "base_url": server.base_url, "max_retries": 0}
            store.save_connection(owner.id, True, "claude", fields)
        yield server


def test_the_default_is_recorded_shown_and_sent(
    claude: ModelServer, start_run: Start, work: Work, api: ApiClient, signed_in: Browser
) -> None:
    run_id = start_run(model="claude/m", limit=2)
    work(run_id)

    assert api.get(f"/runs/{run_id}").json["config"]["max_tokens"] == 4096
    assert {call.payload["max_tokens"] for call in claude.requests} == {4096}
    assert "4,096, the Studio&#39;s default" in signed_in.get(f"/runs/{run_id}").text


def test_what_nobody_chose_is_not_kept_by_a_run_elsewhere(
    claude: ModelServer, local_model: str, start_run: Start, api: ApiClient
) -> None:
    run_id = start_run(model="claude/m", limit=2)
    copy = api.post(f"/runs/{run_id}/duplicate", json={"overrides": {"model": local_model}})
    assert copy.status_code == 201, copy.text
    assert copy.json["config"]["max_tokens"] is None
    chosen = start_run(model="claude/m", limit=2, max_tokens=50)
    copy = api.post(f"/runs/{chosen}/duplicate", json={"overrides": {"model": local_model}})
    assert copy.json["config"]["max_tokens"] == 50


def small(prompt_tokens: int, context: int) -> Callable[[Call], Answer]:
    """A model whose context holds prompt and answer only if they fit."""

    def answer(call: Call) -> Answer:
        asked = call.payload["max_tokens"]
        if prompt_tokens + asked <= context:
            return anthropic_message(call, [{"type": "text", "text": "ANSWER: 1"}])
        message = (
            f"input length and `max_tokens` exceed context limit: {prompt_tokens} + {asked} > "
            f"{context}, decrease input length or `max_tokens` and try again"
        )
        error = {"type": "error", "error": {"type": "invalid_request_error", "message": message}}
        return Answer(status=400, body=json.dumps(error).encode())

    return answer


def test_a_default_that_does_not_fit_is_lowered_and_told(
    claude: ModelServer, start_run: Start, work: Work, signed_in: Browser
) -> None:
    claude.behaviour.answer = small(prompt_tokens=1000, context=2048)
    run_id = start_run(model="claude/m", limit=2, max_connections=1)

    assert work(run_id)["error"] == 0
    assert [call.payload["max_tokens"] for call in claude.requests] == [4096, 1048] * 2
    assert "max_tokens was lowered" in signed_in.get(f"/runs/{run_id}").text


def test_a_prompt_without_room_for_an_answer_stays_an_error(
    claude: ModelServer, start_run: Start, work: Work
) -> None:
    claude.behaviour.answer = small(prompt_tokens=2040, context=2048)
    run_id = start_run(model="claude/m", limit=1)
    assert work(run_id)["error"] == 1
    assert claude.calls == 1


def test_a_limit_that_was_chosen_is_not_lowered(
    claude: ModelServer, start_run: Start, work: Work
) -> None:
    claude.behaviour.answer = small(prompt_tokens=1000, context=2048)
    run_id = start_run(model="claude/m", limit=1, max_tokens=3000)
    assert work(run_id)["error"] == 1
    assert claude.calls == 1
