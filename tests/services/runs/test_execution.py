"""Runs from claim to end, with the real engine: against simulated models and a local server."""

from __future__ import annotations

import gzip
import json
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, update
from sqlalchemy.exc import NoResultFound, OperationalError

from app.broker import queues
from app.broker.client import get_broker
from app.broker.live import channel_of
from app.db import db, transaction
from app.jobs.rescore_run import rescore_run
from app.models import AccountRow, Connection, Delivery, Run, RunEventRow, SampleRow
from app.services.accounts.accounts import Account
from app.services.runs import execution
from app.services.runs.leases import claim_run
from app.services.runs.lifecycle import cancel_run, end_run
from app.services.runs.plans import build_plan
from app.services.runs.rescoring_claims import file_rescoring
from tests.app_fixtures import ApiClient
from tests.fakes.model_server import Call, ModelServer
from tests.run_fixtures import add_hook, add_run, columns_of, expire_lease, rows_of

Start = Callable[..., str]
Work = Callable[..., dict[str, Any]]


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


def log_of(app: Flask, run_id: str) -> list[tuple[str, str]]:
    with app.app_context():
        rows = db.session.query(RunEventRow).filter_by(run_id=run_id).order_by(RunEventRow.id)
        return [(row.kind, row.message) for row in rows]


def test_a_run_that_is_over_or_taken_is_left_alone(app: Flask, owner: Account, work: Work) -> None:
    with app.app_context():
        over = add_run(owner.id, status="completed")
        taken = add_run(owner.id)
        assert claim_run(taken, 10) is not None
    assert work(over)["started_at"] is None
    assert work(taken)["done"] == 0


def test_the_same_job_twice_at_once_asks_each_sample_once(
    app: Flask, start_run: Start, work: Work, local_model: str, model_server: ModelServer
) -> None:
    model_server.behaviour.latency_s = 0.05
    run_id = start_run(model=local_model, limit=6)
    threads = [threading.Thread(target=work, args=(run_id,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert model_server.calls == 6
    with app.app_context():
        assert columns_of(run_id)["status"] == "completed"
        assert len(rows_of(run_id)) == 6


def test_the_parameters_reach_the_model(
    start_run: Start, work: Work, local_model: str, model_server: ModelServer
) -> None:
    run_id = start_run(
        model=local_model, limit=2, epochs=2, temperature=0.5, top_p=0.9, max_tokens=99, seed=3
    )
    assert work(run_id)["done"] == 4
    sent = model_server.requests[0].payload
    assert (sent["model"], sent["temperature"], sent["top_p"]) == ("fake-large", 0.5, 0.9)
    assert sorted(request.payload["seed"] for request in model_server.requests) == [3, 3, 4, 4]
    assert 99 in (sent.get("max_tokens"), sent.get("max_completion_tokens"))


def test_live_events_tell_of_progress_and_end(app: Flask, start_run: Start, work: Work) -> None:
    run_id = start_run(limit=3)
    work(run_id)
    with app.app_context():
        entries: Any = get_broker().xrange(channel_of(run_id))
    events = [(fields[b"e"].decode(), json.loads(fields[b"d"])) for _, fields in entries]
    names = [name for name, _ in events]
    assert names[-2:] == ["status", "done"]
    assert names.count("sample") == 3
    last = [data for name, data in events if name == "progress"][-1]
    assert (last["done"], last["total"]) == (3, 3)
    assert last["score"]["ci95"]
    assert ("info", "Checking generated records (seed 1)") in log_of(app, run_id)


def test_cancel_ends_a_run_under_way_and_keeps_what_is_scored(
    app: Flask,
    api: ApiClient,
    start_run: Start,
    work: Work,
    local_model: str,
    model_server: ModelServer,
) -> None:
    add_hook(api, "run.canceled")
    model_server.behaviour.latency_s = 0.1
    run_id = start_run(model=local_model, limit=200, max_connections=2)
    thread = threading.Thread(target=work, args=(run_id,))
    thread.start()
    while model_server.calls < 5:
        time.sleep(0.01)
    began = time.monotonic()
    assert api.post(f"/runs/{run_id}/cancel").json["status"] == "running"
    thread.join()
    assert time.monotonic() - began < 8
    with app.app_context():
        row, samples = columns_of(run_id), rows_of(run_id)
        events = [delivery.event for delivery in db.session.query(Delivery)]
    assert (row["status"], row["failure"]) == ("canceled", None)
    assert row["done"] == len(samples) == model_server.calls < 30
    assert row["score"]["value"] == 1.0
    assert events == ["run.canceled"]

    model_server.behaviour.latency_s = 0.0
    calls = model_server.calls
    assert api.post(f"/runs/{run_id}/resume").status_code == 202
    assert work(run_id)["status"] == "completed"
    with app.app_context():
        rows = rows_of(run_id)
        assert [row.position for row in rows] == list(range(200))
        assert {row.id for row in samples} <= {row.id for row in rows}
    assert model_server.calls - calls == 200 - len(samples)


def test_a_run_whose_last_answers_came_after_the_cancel_is_done(
    app: Flask,
    api: ApiClient,
    start_run: Start,
    work: Work,
    local_model: str,
    model_server: ModelServer,
) -> None:
    model_server.behaviour.latency_s = 2.0
    run_id = start_run(model=local_model, limit=2, max_connections=2)
    thread = threading.Thread(target=work, args=(run_id,))
    thread.start()
    while model_server.calls < 2:
        time.sleep(0.01)
    canceled = api.post(f"/runs/{run_id}/cancel").json
    assert (canceled["status"], canceled["canceling"]) == ("running", True)
    thread.join()
    run = api.get(f"/runs/{run_id}").json
    assert (run["status"], run["canceling"], run["counts"]["done"]) == ("completed", False, 2)


def test_a_wish_to_cancel_that_came_while_preparing_spares_every_call(
    app: Flask,
    owner: Account,
    start_run: Start,
    work: Work,
    local_model: str,
    model_server: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_id = start_run(model=local_model)

    def cancel_meanwhile(*arguments: Any) -> Any:
        prepared = build_plan(*arguments)
        cancel_run(run_id, owner.id)
        return prepared

    monkeypatch.setattr("app.services.runs.execution.build_plan", cancel_meanwhile)
    assert work(run_id)["status"] == "canceled"
    assert model_server.calls == 0


def test_a_worker_that_must_leave_hands_the_run_over(
    app: Flask, start_run: Start, work: Work, local_model: str, model_server: ModelServer
) -> None:
    model_server.behaviour.latency_s = 0.05
    run_id = start_run(model=local_model, limit=60, max_connections=2)
    draining = Event()
    thread = threading.Thread(target=work, args=(run_id, draining))
    thread.start()
    while model_server.calls < 5:
        time.sleep(0.01)
    draining.set()
    thread.join()
    with app.app_context():
        row = columns_of(run_id)
        assert (row["status"], row["attempt"], row["lease_token"]) == ("queued", 1, None)
        assert queues.run_job_id(run_id, 1) in queues.queued_job_ids()
    model_server.behaviour.latency_s = 0.0
    assert work(run_id)["status"] == "completed"
    assert model_server.calls == 60


def test_a_worker_that_lost_its_lease_writes_nothing_more(
    app: Flask, start_run: Start, work: Work, local_model: str, model_server: ModelServer
) -> None:
    model_server.behaviour.latency_s = 0.05
    run_id = start_run(model=local_model, limit=100, max_connections=2)
    thread = threading.Thread(target=work, args=(run_id,))
    thread.start()
    while model_server.calls < 4:
        time.sleep(0.01)
    with app.app_context():
        expire_lease(run_id)
        with transaction() as session:
            session.execute(update(Run).where(Run.id == run_id).values(lease_token="another"))
        done = len(rows_of(run_id))
    thread.join()
    with app.app_context():
        row = columns_of(run_id)
        assert (row["status"], row["lease_token"], row["done"]) == ("running", "another", done)
        assert len(rows_of(run_id)) == done


def test_a_lease_lost_while_preparing_makes_no_call(
    app: Flask,
    start_run: Start,
    work: Work,
    local_model: str,
    model_server: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_id = start_run(model=local_model)

    def lose_meanwhile(*arguments: Any) -> Any:
        prepared = build_plan(*arguments)
        with transaction() as session:
            session.execute(update(Run).where(Run.id == run_id).values(lease_token="another"))
        return prepared

    monkeypatch.setattr("app.services.runs.execution.build_plan", lose_meanwhile)
    row = work(run_id)
    assert (row["status"], row["lease_token"], model_server.calls) == ("running", "another", 0)


def test_samples_with_errors_are_asked_again_and_replaced(
    app: Flask,
    api: ApiClient,
    start_run: Start,
    work: Work,
    local_model: str,
    model_server: ModelServer,
) -> None:
    model_server.fail("server_error", every=3)
    run_id = start_run(model=local_model, limit=9, max_error_rate=0.5)
    row = work(run_id)
    assert (row["status"], row["error"], row["correct"]) == ("completed", 3, 6)
    assert row["score"]["value"] == 1.0  # errors are no wrong answers
    assert row["score"]["bounds"] == [pytest.approx(6 / 9), 1.0]
    with app.app_context():
        before = {(sample.sample_id, sample.id): sample.outcome for sample in rows_of(run_id)}
    model_server.recover()
    calls = model_server.calls
    answer = api.post(f"/runs/{run_id}/resume", json={"retry_errors": True})
    assert answer.status_code == 202
    row = work(run_id)
    assert (row["status"], row["error"], row["correct"], row["done"]) == ("completed", 0, 9, 9)
    assert model_server.calls - calls == 3
    with app.app_context():
        rows = rows_of(run_id)
        assert {(sample.sample_id, sample.id) for sample in rows} == set(before)
        assert [sample.outcome for sample in rows] == ["correct"] * 9
        assert all(sample.error is None for sample in rows)


def _mirror(test_data: Path, folder: Path, spoil: Callable[[list[str]], None]) -> Path:
    """Copy gsm8k with its first 600 questions, spoiled."""
    source = test_data / "datasets" / "openai__gsm8k" / "main"
    target = folder / "mirror" / "openai__gsm8k" / "main"
    target.mkdir(parents=True)
    lines = (source / "test.jsonl").read_text().splitlines()[:600]
    spoil(lines)
    (target / "test.jsonl").write_text("\n".join(lines) + "\n")
    train = source / "train.jsonl.gz"
    if train.exists():
        shutil.copy(train, target)
    else:
        with gzip.open(target / "train.jsonl.gz", "wt") as file:
            file.write((source / "train.jsonl").read_text())
    return folder / "mirror"


def test_a_dataset_that_is_broken_at_line_500_is_named_before_any_call(
    make_app: Any, broker_url: str, owner: Account, test_data: Path, tmp_path: Path
) -> None:
    def spoil(lines: list[str]) -> None:
        lines[499] = '{"question": "?"'

    mirror = _mirror(test_data, tmp_path, spoil)
    app = make_app(redis_url=broker_url, datasets_dir=mirror)
    with app.app_context():
        run_id = add_run(owner.id, benchmark="gsm8k", protocol="openbench", config={"limit": 5})
        execution.execute(run_id, app.extensions["settings"], Event())
        row = columns_of(run_id)
        get_broker().connection_pool.disconnect()
    assert (row["status"], row["failure"]["code"], row["done"]) == ("failed", "dataset_invalid", 0)
    assert "500" in row["failure"]["message"]
    assert "openai__gsm8k/main/test.jsonl" in row["failure"]["message"]
    assert row["failure"]["action"]


def test_the_total_follows_the_records_that_are_there_and_protocols_rescore_each_other(
    make_app: Any, broker_url: str, owner: Account, test_data: Path, tmp_path: Path
) -> None:
    mirror = _mirror(test_data, tmp_path, lambda lines: lines.__delitem__(slice(7, None)))
    app = make_app(redis_url=broker_url, datasets_dir=mirror)
    with app.app_context():
        run_id = add_run(
            owner.id,
            benchmark="gsm8k",
            protocol="openbench",
            total=1319,
            config={"limit": None, "protocol": "openbench", "max_connections": 8},
        )
        execution.execute(run_id, app.extensions["settings"], Event())
        row = columns_of(run_id)
        assert (row["status"], row["total"], row["done"]) == ("completed", 7, 7)
        file_rescoring(run_id, "inspect")
        rescore_run(run_id, "inspect")
        scores = columns_of(run_id)["scores"]
        get_broker().connection_pool.disconnect()
    assert set(scores) == {"openbench", "inspect"}
    assert scores["openbench"] == row["score"]
    assert scores["inspect"]["scorer"].endswith("/inspect")
    assert scores["inspect"]["n"] == 7


def test_what_is_spent_is_bounded_by_the_budget(
    app: Flask,
    api: ApiClient,
    start_run: Start,
    work: Work,
    owner: Account,
    model_server: ModelServer,
    local_model: str,
) -> None:
    own = {"gpt-4o-mini": {"input_usd_per_mtok": 0.15, "output_usd_per_mtok": 0.6}}
    with app.app_context(), transaction() as session:
        session.execute(update(Connection).values(name="mine", prices=own))
    run_id = start_run(
        model="mine/gpt-4o-mini",
        limit=60,
        max_connections=2,
        max_tokens=100,
        budget_usd=0.000_3,
    )
    row = work(run_id)
    assert (row["status"], row["failure"]["code"]) == ("paused", "budget_reached")
    assert 0.000_1 <= row["cost_usd"] <= 0.000_3
    assert 0 < row["done"] < 60
    assert row["failure"]["action"] == "Raise the budget, then Resume."
    calls = model_server.calls
    api.post(f"/runs/{run_id}/resume")
    assert work(run_id)["status"] == "paused"
    assert model_server.calls == calls
    resumed = api.post(f"/runs/{run_id}/resume", json={"budget_usd": 5})
    assert resumed.json["config"]["budget_usd"] == 5
    assert work(run_id)["status"] == "completed"


def test_retries_and_waits_are_in_the_log(
    app: Flask,
    api: ApiClient,
    start_run: Start,
    work: Work,
    local_model: str,
    model_server: ModelServer,
) -> None:
    model_server.fail("rate_limit_fast", times=1)
    run_id = start_run(model=local_model, limit=2, max_retries=4, max_connections=2)
    row = work(run_id)
    assert (row["status"], row["retries"]) == ("completed", 1)
    assert [kind for kind, _ in log_of(app, run_id)].count("retry") == 1


def test_an_account_that_is_deleted_ends_its_run_without_a_trace(
    app: Flask,
    owner: Account,
    start_run: Start,
    work: Work,
    local_model: str,
    model_server: ModelServer,
) -> None:
    model_server.behaviour.latency_s = 0.05
    run_id = start_run(model=local_model, limit=200, max_connections=2)
    thread = threading.Thread(target=lambda: _ignore_missing(work, run_id))
    thread.start()
    while model_server.calls < 3:
        time.sleep(0.01)
    with app.app_context(), transaction() as session:
        session.execute(delete(AccountRow).where(AccountRow.id == owner.id))
    thread.join(60)
    assert not thread.is_alive()
    assert model_server.calls < 40
    with app.app_context():
        assert db.session.query(Run).count() == db.session.query(SampleRow).count() == 0


def _ignore_missing(work: Work, run_id: str) -> None:
    with pytest.raises(NoResultFound):  # by the test's own look at the row
        work(run_id)


def test_the_database_that_is_away_at_the_end_is_waited_for(
    start_run: Start, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []

    def away_once(*arguments: Any, **named: Any) -> Any:
        tries.append(1)
        if len(tries) == 1:
            raise OperationalError("UPDATE", {}, Exception("database is locked"))
        return end_run(*arguments, **named)

    monkeypatch.setattr(execution, "end_run", away_once)
    monkeypatch.setattr("app.services.runs.execution.time.sleep", lambda _s: None)
    assert work(start_run())["status"] == "completed"
    monkeypatch.setattr(execution, "END_PATIENCE_S", -1.0)
    tries.clear()
    with pytest.raises(OperationalError):
        work(start_run())


def test_every_answer_that_cannot_be_stored_as_it_is_is_stored_readable(
    app: Flask, start_run: Start, work: Work, local_model: str, model_server: ModelServer
) -> None:
    def odd(call: Call) -> str:
        return "nul \x00 and half a pair \ud83d ANSWER: 1"

    model_server.behaviour.answer = odd
    run_id = start_run(model=local_model, limit=2)
    assert work(run_id)["status"] == "completed"
    with app.app_context():
        assert "nul \ufffd and half a pair ?" in rows_of(run_id)[0].completion
