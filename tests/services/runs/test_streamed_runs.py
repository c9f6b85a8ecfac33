"""Runs whose answers are streamed: asked for, or demanded by the server; and how fast they came."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.queries.speeds import speed_of
from app.services.accounts.accounts import Account
from tests.app_fixtures import ApiClient, Browser
from tests.fakes import streams
from tests.fakes.model_server import Answer, Call, ModelServer
from tests.run_fixtures import add_run, add_samples, columns_of

Start = Callable[..., str]
Work = Callable[..., dict[str, Any]]


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


def was_streamed(server: ModelServer) -> list[bool]:
    return [call.streams for call in server.requests]


def test_a_streamed_run_has_the_same_scores_and_a_speed(
    local_model: str, model_server: ModelServer, start_run: Start, work: Work, api: ApiClient,
    signed_in: Browser,
) -> None:  # fmt: skip
    model_server.behaviour.pause_s = 0.1
    assert api.put("/connections/local", json={"stream": True}).json["stream"] is True
    run_id = start_run(model=local_model, limit=4)
    ended = work(run_id)
    assert (ended["status"], ended["correct"], ended["unmetered"]) == ("completed", 4, 0)
    assert was_streamed(model_server) == [True] * 4
    view = api.get(f"/runs/{run_id}").json
    assert view["config"]["stream"] is True
    first, rate = view["speed"]["first_token_s"], view["speed"]["output_tokens_per_s"]
    assert 0 < first["p50"] <= first["p95"] < 60
    assert 0 < rate["p50"] <= rate["p95"] <= 2 / 0.05  # two tokens after the first
    assert api.get("/runs").json["items"][0]["speed"] == view["speed"]
    sample = api.get(f"/runs/{run_id}/samples").json["items"][0]
    assert 0 < sample["first_token_s"] <= sample["latency_ms"] / 1000
    assert sample["output_tokens_per_s"] > 0
    page = signed_in.get(f"/runs/{run_id}").text
    assert "first token p50" in page
    assert "tokens per second p50" in page
    page = signed_in.get(f"/runs/{run_id}/samples/{sample['sample_id']}?epoch=1").text
    assert "First token" in page


def test_a_run_that_is_not_streamed_has_no_speed(
    local_model: str, model_server: ModelServer, start_run: Start, work: Work, api: ApiClient,
    signed_in: Browser,
) -> None:  # fmt: skip
    run_id = start_run(model=local_model, limit=2)
    assert work(run_id)["status"] == "completed"
    assert was_streamed(model_server) == [False] * 2
    view = api.get(f"/runs/{run_id}").json
    assert (view["config"]["stream"], view["speed"]) == ("auto", None)
    assert "first token" not in signed_in.get(f"/runs/{run_id}").text


def test_speeds_are_exported(
    local_model: str, start_run: Start, work: Work, api: ApiClient
) -> None:
    run_id = start_run(model=local_model, limit=2, stream=True)
    work(run_id)
    rows = list(csv.DictReader(io.StringIO(api.get(f"/runs/{run_id}/export?format=csv").text)))
    assert all(float(row["first_token_s"]) > 0 for row in rows)
    assert all("output_tokens_per_s" in row for row in rows)
    lines = api.get(f"/runs/{run_id}/export?format=jsonl").text.splitlines()
    assert all(json.loads(line)["first_token_s"] > 0 for line in lines)
    whole = json.loads(api.get(f"/runs/{run_id}/export?format=json").text)
    assert whole["run"]["speed"] == api.get(f"/runs/{run_id}").json["speed"]


def test_a_server_that_only_streams_is_told_once_and_remembered(
    local_model: str, model_server: ModelServer, start_run: Start, work: Work, api: ApiClient,
    signed_in: Browser,
) -> None:  # fmt: skip
    model_server.behaviour.streaming = "only"
    run_id = start_run(model=local_model, limit=4, max_connections=1)
    model_server.fail("server_error", every=3)
    ended = work(run_id)
    assert (ended["correct"], ended["error"]) == (3, 1)
    assert was_streamed(model_server) == [False] + [True] * 4
    [notice] = api.get(f"/runs/{run_id}").json["notices"]
    assert notice["code"] == "streaming_changed"
    assert "answers as a stream only" in notice["message"]
    assert "answers as a stream only" in signed_in.get(f"/runs/{run_id}").text
    model_server.recover()
    before = len(model_server.requests)
    assert api.post(f"/runs/{run_id}/resume", json={"retry_errors": True}).status_code == 202
    assert work(run_id)["correct"] == 4
    assert was_streamed(model_server)[before:] == [True]


def test_a_run_says_otherwise_than_its_connection(
    local_model: str, model_server: ModelServer, start_run: Start, work: Work, api: ApiClient
) -> None:
    api.put("/connections/local", json={"stream": True})
    run_id = start_run(model=local_model, limit=1, stream=False)
    work(run_id)
    assert was_streamed(model_server) == [False]
    copy = api.post(f"/runs/{run_id}/duplicate", json={"overrides": {"stream": True}}).json
    assert copy["config"]["stream"] is True
    again = api.post(f"/runs/{run_id}/duplicate", json={}).json
    assert again["config"]["stream"] is False


def test_the_form_of_a_run_has_the_choice(
    local_model: str, model_server: ModelServer, start_run: Start, work: Work, signed_in: Browser,
) -> None:  # fmt: skip
    fields = {"benchmark": "gen_chain_sum", "model": local_model, "limit": "1"}
    made = signed_in.submit("/runs", data=fields | {"stream": "true"})
    assert made.status_code == 303, made.text
    run_id = made.headers["Location"].rpartition("/")[2]
    work(run_id)
    assert was_streamed(model_server) == [True]
    form = signed_in.get(f"/runs/new?from={run_id}").text
    assert '<option selected value="true">On</option>' in form
    refused = signed_in.submit("/runs", data=fields | {"stream": "maybe"})
    assert refused.status_code == 422
    assert "auto" in refused.text


def test_streaming_is_no_part_of_what_was_asked(
    local_model: str, start_run: Start, work: Work, api: ApiClient
) -> None:
    ids = [start_run(model=local_model, limit=2, stream=stream) for stream in (True, False)]
    for run_id in ids:
        work(run_id)
    one, other = (api.get(f"/runs/{run_id}").json for run_id in ids)
    assert one["digests"] == other["digests"]
    compared = api.get(f"/compare?run_ids={','.join(ids)}").json
    assert (compared["differences"], compared["warnings"]) == ([], [])
    assert [run["speed"] is None for run in compared["runs"]] == [False, True]


def test_a_stream_that_breaks_off_is_an_error_and_no_wrong_answer(
    local_model: str, model_server: ModelServer, start_run: Start, work: Work, api: ApiClient
) -> None:
    def broken(call: Call) -> Answer:
        return Answer(events=tuple(streams.completion("ANSWER: 1")[:3]))

    model_server.behaviour.answer = broken
    run_id = start_run(model=local_model, limit=2, stream=True)
    assert (ended := work(run_id))["error"] == 2, ended
    [group] = api.get(f"/runs/{run_id}").json["error_groups"]
    assert group["code"] == "connection"
    assert "ended its stream in the middle of an answer" in group["message"]


def test_a_sample_that_is_tried_is_streamed_too(
    local_model: str, model_server: ModelServer, api: ApiClient
) -> None:
    body = {"benchmark": "gen_chain_sum", "model": local_model, "stream": True}
    tried = api.post("/estimates/sample", json=body)
    assert tried.status_code == 200, tried.text
    assert tried.json["sample"]["first_token_s"] > 0
    assert was_streamed(model_server) == [True]


def test_a_speed_is_read_so_far_and_at_the_end(app: Flask, owner: Account, api: ApiClient) -> None:
    with app.app_context():
        run_id = add_run(owner.id, status="running", simulated=False)
        speeds = [(0.1 * n, 10.0 * n) for n in range(1, 21)]
        add_samples(
            run_id,
            *({"first_token_s": first, "output_tokens_per_s": rate} for first, rate in speeds),
            {"first_token_s": 9.0},
            {},
        )
        expected = {
            "first_token_s": {"p50": 1.1, "p95": 2.0},
            "output_tokens_per_s": {"p50": 100.0, "p95": 190.0},
        }
        found = speed_of(run_id)
        assert found is not None
        assert {
            name: {share: round(value, 6) for share, value in shares.items()}
            for name, shares in found.items()
        } == expected
        assert columns_of(run_id)["speed"] is None
    assert api.get(f"/runs/{run_id}").json["speed"]["output_tokens_per_s"]["p95"] == 190.0


def test_compare_shows_speeds_where_there_are_any(
    app: Flask, owner: Account, signed_in: Browser
) -> None:
    speed = {
        "first_token_s": {"p50": 0.84, "p95": 2.5},
        "output_tokens_per_s": {"p50": 71.26, "p95": 1234.5},
    }
    slow = {"first_token_s": {"p50": 3.0, "p95": 4.0}, "output_tokens_per_s": None}
    with app.app_context():
        runs = [
            add_run(owner.id, status="completed", simulated=False, model=f"x/{name}", speed=each)
            for name, each in (("fast", speed), ("slow", slow), ("whole", None), ("other", None))
        ]
        for run_id in runs:
            add_samples(run_id, {}, {})
    html = signed_in.get(f"/compare?run_ids={','.join(runs)}").text
    assert "First token" in html
    assert "840 ms" in html
    assert '<td class="num full at-left"><span class="only-s">Tokens per second </span>71.3' in html
    assert "1,234" in html
    assert "First token" not in signed_in.get(f"/compare?run_ids={runs[2]},{runs[3]}").text
