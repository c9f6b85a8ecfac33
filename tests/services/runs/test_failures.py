"""Runs that cannot go on: each ends with its cause and a next step, and keeps its answers."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, update

from app.broker.client import get_broker
from app.broker.live import channel_of
from app.db import db, transaction
from app.engine.engine_errors import DatasetError
from app.models import Connection, Delivery
from app.recorder import StorageFull
from app.services import connection_deletion
from app.services.accounts.accounts import Account
from app.services.connections import store
from app.services.runs import execution
from app.services.runs.leases import claim_run
from tests.app_fixtures import ApiClient
from tests.fakes.model_server import Answer, Call, ModelServer
from tests.run_fixtures import add_hook, add_run, columns_of, expire_lease, rows_of

Start = Callable[..., str]
Work = Callable[..., dict[str, Any]]

CANARY = "sk-canary-0123456789abcdefABCDEF"


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


def test_too_many_errors_fail_the_run_and_keep_everything(
    app: Flask,
    api: ApiClient,
    start_run: Start,
    work: Work,
    local_model: str,
    model_server: ModelServer,
) -> None:
    add_hook(api, "run.failed")
    model_server.fail("server_error", every=2)
    run_id = start_run(model=local_model, limit=8)
    row = work(run_id)
    assert row["status"] == "failed"
    assert row["failure"] == {
        "code": "too_many_errors",
        "message": "4 of 8 samples ended in an error, more than the 10% that this run allows: "
        "status 500 from local; the first said: The server local is overloaded or down "
        "(status 500). "
        "The provider says: The server had an error (request req-fake). "
        "All other samples are kept.",
        "action": "Retry errors asks these samples again; the others are kept.",
    }
    assert (row["done"], row["correct"]) == (8, 4)
    assert row["score"]["value"] == 1.0
    item = api.get(f"/runs/{run_id}/samples?outcome=error").json["items"][0]
    assert (item["score"], item["finish_reason"], item["answer"]) == (None, None, None)
    assert set(item["error"]) == {"code", "message", "action"}
    with app.app_context():
        payload = json.loads(db.session.query(Delivery).one().payload)
    assert payload["error"] == row["failure"]


@pytest.mark.parametrize(
    ("fault", "status", "code", "words", "action"),
    [
        ("bad_key", "failed", "auth", "key", "Settings"),
        ("no_model", "failed", "unknown_model", "fake-large", "model"),
        ("quota", "paused", "quota", "no credit", "Add credit"),
        ("html_200", "failed", "web_page", "web page", "/v1"),
        ("rate_limit_long", "paused", "rate_limit", "", ""),
    ],
)
def test_what_nothing_can_help_ends_the_run_with_a_next_step(
    start_run: Start,
    work: Work,
    local_model: str,
    model_server: ModelServer,
    fault: str,
    status: str,
    code: str,
    words: str,
    action: str,
) -> None:
    model_server.fail(fault)
    run_id = start_run(model=local_model, limit=50, max_connections=4)
    row = work(run_id)
    assert (row["status"], row["failure"]["code"]) == (status, code), row["failure"]
    assert words in row["failure"]["message"]
    assert action in row["failure"]["action"]
    assert model_server.calls <= 8


def test_a_server_that_nobody_answers_at_is_named(
    app: Flask, owner: Account, start_run: Start, work: Work, local_model: str
) -> None:
    with app.app_context(), transaction() as session:
        session.execute(update(Connection).values(base_url="http://127.0.0.1:9/v1"))
    row = work(start_run(model=local_model, limit=30, max_connections=8))
    assert row["status"] in ("paused", "failed")
    assert "127.0.0.1" in row["failure"]["message"] or "local" in row["failure"]["message"]
    assert row["failure"]["action"]


def test_a_connection_that_was_deleted_meanwhile_is_named(
    app: Flask, start_run: Start, work: Work, local_model: str
) -> None:
    run_id = start_run(model=local_model)
    with app.app_context(), transaction() as session:
        session.execute(delete(Connection))
    row = work(run_id)
    assert (row["status"], row["failure"]["code"]) == ("failed", "connection_gone")
    assert "'local'" in row["failure"]["message"]


def test_a_key_that_cannot_be_opened_is_named(
    app: Flask, start_run: Start, work: Work, local_model: str
) -> None:
    run_id = start_run(model=local_model)
    with app.app_context(), transaction() as session:
        session.execute(update(Connection).values(sealed_key="garbage"))
    row = work(run_id)
    assert (row["status"], row["failure"]["code"]) == ("failed", "sealed_secret_unreadable")
    assert "ENCRYPTION_KEYS" in row["failure"]["action"]


def test_a_simulated_model_that_does_not_exist_is_named(start_run: Start, work: Work) -> None:
    row = work(start_run(model="simulated/genius"))
    assert (row["status"], row["failure"]["code"]) == ("failed", "unknown_model")
    assert "expert" in row["failure"]["message"]


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"benchmark": "removed"}, "benchmark_gone"),
        ({"protocol": "removed"}, "benchmark_gone"),
        ({"benchmark": "simpleqa", "protocol": "inspect"}, "dataset_unavailable"),
    ],
)
def test_what_this_version_cannot_run_is_named(
    app: Flask, owner: Account, work: Work, columns: dict[str, Any], code: str
) -> None:
    with app.app_context():
        run_id = add_run(owner.id, **columns)
    row = work(run_id)
    assert (row["status"], row["failure"]["code"]) == ("failed", code)


def test_a_mistake_of_ours_ends_the_run_and_its_text_stays_in_the_log(
    start_run: Start, work: Work, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(execution, "build_plan", broken)
    row = work(start_run())
    assert (row["status"], row["failure"]["code"]) == ("failed", "internal_error")
    assert "secret detail" not in json.dumps(row["failure"])
    assert "secret detail" in caplog.text


def test_a_full_disk_pauses_the_run(
    app: Flask, start_run: Start, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StorageFull

    monkeypatch.setattr(execution, "run_benchmark", full)
    row = work(start_run())
    assert (row["status"], row["failure"]["code"]) == ("paused", "disk_full")
    assert "by itself" in row["failure"]["action"]


def test_a_dataset_that_is_not_here_while_offline_is_named(
    app: Flask, owner: Account, work: Work
) -> None:
    with app.app_context():
        run_id = add_run(
            owner.id, benchmark="gsm8k", protocol="inspect"
        )  # no start lets it through
    row = work(run_id)
    assert (row["status"], row["failure"]["code"]) == ("failed", "dataset_unavailable")
    assert "openai/gsm8k main/test" in row["failure"]["message"]
    assert "DATASETS_DIR" in row["failure"]["action"]
    assert row["done"] == 0


def test_a_dataset_error_while_it_is_read_fails_the_run(
    start_run: Start, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(*_: object, **__: object) -> None:
        raise DatasetError("dataset_invalid", "The file changed.", "Restore it.")

    monkeypatch.setattr(execution, "run_benchmark", changed)
    row = work(start_run())
    assert row["failure"] == {
        "code": "dataset_invalid",
        "message": "The file changed.",
        "action": "Restore it.",
    }


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 200])
def test_a_key_that_the_server_echoes_is_kept_nowhere(
    app: Flask,
    api: ApiClient,
    owner: Account,
    start_run: Start,
    work: Work,
    local_model: str,
    model_server: ModelServer,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    status: int,
) -> None:
    with app.app_context():
        store.save_connection(owner.id, True, "local", {"api_key": CANARY})

    def echo(call: Call) -> Answer:
        assert CANARY in call.headers["authorization"]
        said = f"Incorrect API key provided: {CANARY} (Authorization: Bearer {CANARY})"
        return Answer(status=status, body=json.dumps({"error": {"message": said}}).encode())

    model_server.behaviour.answer = echo
    run_id = start_run(model=local_model, limit=3)
    row = work(run_id)
    assert row["failure"] is not None
    told = [
        api.get(f"/runs/{run_id}").text,
        api.get(f"/runs/{run_id}/samples").text,
        api.get(f"/runs/{run_id}/export?format=json").text,
        api.get("/connections").text,
        caplog.text,
        *capfd.readouterr(),
    ]
    with app.app_context():
        for table in db.metadata.sorted_tables:
            told += [str(tuple(found)) for found in db.session.execute(table.select())]
        told += [str(fields) for _, fields in get_broker().xrange(channel_of(run_id))]
    assert [text for text in told if CANARY in text] == []


def test_a_run_whose_connection_is_deleted_pauses_with_the_answers_so_far(
    app: Flask,
    owner: Account,
    start_run: Start,
    work: Work,
    local_model: str,
    model_server: ModelServer,
) -> None:
    model_server.behaviour.latency_s = 0.1
    run_id = start_run(model=local_model, limit=200, max_connections=2)
    thread = threading.Thread(target=work, args=(run_id,))
    thread.start()
    while model_server.calls < 5:
        time.sleep(0.01)
    with app.app_context():
        connection_deletion.delete_connection(owner.id, True, "local")
    thread.join()
    with app.app_context():
        row = columns_of(run_id)
        assert (row["status"], row["failure"]["code"]) == ("paused", "connection_deleted")
        assert row["done"] == len(rows_of(run_id)) == model_server.calls < 60


def test_a_run_that_ended_three_workers_fails_and_resume_tries_again(
    app: Flask, api: ApiClient, owner: Account, work: Work
) -> None:
    with app.app_context():
        run_id = add_run(owner.id, worker_deaths=2)
        assert claim_run(run_id, 10) is not None
        expire_lease(run_id)
    row = work(run_id)
    assert (row["status"], row["failure"]["code"]) == ("failed", "worker_died")
    assert "ended its worker 3 times, with fewer than 100 new samples" in row["failure"]["message"]
    assert api.post(f"/runs/{run_id}/resume").status_code == 202
    row = work(run_id)
    assert (row["status"], row["worker_deaths"]) == ("completed", 0)
