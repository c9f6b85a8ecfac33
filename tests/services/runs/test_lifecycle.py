"""How runs end, go on and are found again when a worker or the queue lost them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import delete, update

from app.broker import queues
from app.broker.client import get_broker
from app.db import db, now, transaction
from app.errors import Conflict, NotFound, Unavailable
from app.jobs.execute_run import execute_run
from app.jobs.recover_runs import release_runs_of
from app.models import Delivery, Run, Webhook
from app.queries.runs import get_run, latest_events
from app.services.accounts.accounts import Account
from app.services.runs import lifecycle, submission
from app.services.runs.leases import Lease, claim_run
from app.services.runs.lifecycle import (
    RunFailure,
    annotate_run,
    cancel_run,
    delete_run,
    end_run,
    resume_run,
    sweep_runs,
)
from app.services.sealing import seal
from app.services.webhooks import outbox
from tests.app_fixtures import ApiClient
from tests.run_fixtures import add_run, add_samples, columns_of, expire_lease


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


def claimed(run_id: str) -> Lease:
    lease = claim_run(run_id, 10)
    assert lease is not None
    return lease


def add_webhook(account_id: int, *events: str, **columns: Any) -> str:
    values = {"id": f"hook-{account_id}-{len(events)}-{len(columns)}", "enabled": True, **columns}
    with transaction() as session:
        hook = Webhook(
            user_id=account_id,
            url="http://127.0.0.1:9/",
            events=list(events),
            sealed_secret=seal("whsec_" + "A" * 32),
            **values,
        )
        session.add(hook)
        session.flush()
        return hook.id


def deliveries() -> list[Delivery]:
    db.session.rollback()
    return list(db.session.query(Delivery).order_by(Delivery.id))


def test_the_end_clears_what_only_a_run_under_way_has(app_context: Flask, owner: Account) -> None:
    run_id = add_run(owner.id, waiting={"provider": "x"}, cancel_requested_at=now())
    assert end_run(claimed(run_id), "completed", values={"score": {"value": 1.0}}) == []
    row = columns_of(run_id)
    assert (row["status"], row["score"], row["failure"]) == ("completed", {"value": 1.0}, None)
    assert (row["lease_token"], row["waiting"], row["cancel_requested_at"]) == (None, None, None)
    assert row["finished_at"] is not None


def test_only_who_holds_the_lease_can_end_a_run(app_context: Flask, owner: Account) -> None:
    run_id = add_run(owner.id)
    old = claimed(run_id)
    expire_lease(run_id)
    new = claimed(run_id)
    assert end_run(old, "failed", failure=RunFailure("x", "y"), values={}) is None
    assert columns_of(run_id)["status"] == "running"
    assert end_run(new, "completed", values={}) is not None
    assert end_run(new, "failed", values={}) is None
    assert columns_of(run_id)["status"] == "completed"


def test_the_end_and_its_deliveries_are_written_together(
    app_context: Flask, owner: Account, second_user: Account
) -> None:
    wanted = add_webhook(owner.id, "run.completed", "run.failed")
    add_webhook(owner.id, "run.canceled")
    add_webhook(owner.id, "run.completed", "run.failed", "run.paused", enabled=False)
    add_webhook(second_user.id, "run.completed")
    run_id = add_run(owner.id)
    score = {"metric": "accuracy", "value": 0.5, "ci95": [0.1, 0.9]}
    ids = end_run(claimed(run_id), "completed", values={"score": score})
    (delivery,) = deliveries()
    assert ids == [delivery.id]
    assert (delivery.webhook_id, delivery.status, delivery.event) == (
        wanted,
        "pending",
        "run.completed",
    )
    payload = json.loads(delivery.payload)
    assert payload["type"] == "run.completed"
    assert payload["run_id"] == run_id
    assert (payload["score"], payload["ci95"], payload["metric"]) == (0.5, [0.1, 0.9], "accuracy")
    assert (payload["test"], payload["error"], payload["simulated"]) == (False, None, True)
    assert set(payload) >= {"timestamp", "status", "benchmark", "model", "counts", "cost_usd"}
    assert set(payload) >= {"duration_s", "url"}


def test_an_end_whose_deliveries_cannot_be_written_did_not_happen(
    app_context: Flask, owner: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = add_run(owner.id)
    lease = claimed(run_id)

    def broken(*_: object) -> list[str]:
        raise RuntimeError("no outbox")

    monkeypatch.setattr(outbox, "write", broken)
    with pytest.raises(RuntimeError):
        end_run(lease, "completed", values={})
    assert columns_of(run_id)["status"] == "running"


def test_a_failure_is_in_the_row_and_in_the_payload(app_context: Flask, owner: Account) -> None:
    add_webhook(owner.id, "run.failed")
    run_id = add_run(owner.id)
    end_run(
        claimed(run_id), "failed", failure=RunFailure("bad_key", "Wrong key.", "Fix"), values={}
    )
    error = {"code": "bad_key", "message": "Wrong key.", "action": "Fix"}
    assert columns_of(run_id)["failure"] == error
    assert json.loads(deliveries()[0].payload)["error"] == error


def test_canceling_a_run_under_way_leaves_the_end_to_its_worker(
    app_context: Flask, owner: Account
) -> None:
    run_id = add_run(owner.id)
    lease = claimed(run_id)
    cancel_run(run_id, owner.id)
    first = columns_of(run_id)
    assert (first["status"], first["lease_token"]) == ("running", lease.token)
    assert first["cancel_requested_at"] is not None
    cancel_run(run_id, owner.id)
    assert columns_of(run_id)["cancel_requested_at"] == first["cancel_requested_at"]
    assert log_of(run_id) == ["Cancel was asked for. Answers under way are waited for and kept."]


def test_canceling_a_run_whose_worker_died_ends_it_at_once(
    app_context: Flask, owner: Account
) -> None:
    add_webhook(owner.id, "run.canceled")
    run_id = add_run(owner.id)
    claimed(run_id)
    expire_lease(run_id)
    cancel_run(run_id, owner.id)
    assert columns_of(run_id)["status"] == "canceled"
    (delivery,) = deliveries()
    assert delivery.next_attempt_at is not None


def test_a_run_canceled_between_two_workers_has_the_score_of_its_rows(
    app_context: Flask, owner: Account
) -> None:
    run_id = add_run(owner.id, attempt=1)
    add_samples(run_id, {}, {"outcome": "incorrect", "score": 0.0})
    cancel_run(run_id, owner.id)
    assert columns_of(run_id)["score"]["value"] == 0.5


def test_a_run_canceled_after_its_worker_died_has_the_score_of_its_rows(
    app_context: Flask, owner: Account
) -> None:
    run_id = add_run(owner.id)
    claimed(run_id)
    add_samples(run_id, {}, {"outcome": "incorrect", "score": 0.0})
    expire_lease(run_id)
    cancel_run(run_id, owner.id)
    row = columns_of(run_id)
    assert (row["status"], row["score"]["value"]) == ("canceled", 0.5)


def test_a_wish_to_cancel_survives_the_worker(app_context: Flask, owner: Account) -> None:
    run_id = add_run(owner.id)
    claimed(run_id)
    cancel_run(run_id, owner.id)
    expire_lease(run_id)
    assert sweep_runs() == 1
    execute_run(run_id)
    row = columns_of(run_id)
    assert (row["status"], row["done"]) == ("canceled", 0)


def test_the_log_tells_of_cancel_and_resume(app_context: Flask, owner: Account) -> None:
    run_id = add_run(owner.id, status="paused", total=9, done=3, error=1)
    cancel_run(run_id, owner.id)
    resume_run(run_id, owner.id)
    cancel_run(run_id, owner.id)
    resume_run(run_id, owner.id, retry_errors=True)
    with pytest.raises(Conflict):
        resume_run(run_id, owner.id)
    assert log_of(run_id) == [
        "Canceled. Finished samples are kept.",
        "Resumed after 3 of 9 samples.",
        "Canceled. Finished samples are kept.",
        "Resumed, to ask 1 sample again that ended in an error.",
    ]


def log_of(run_id: str) -> list[str]:
    return [line.message for line in latest_events(run_id)]


@pytest.mark.parametrize("status", ["completed", "failed", "canceled"])
def test_a_run_that_is_over_is_not_canceled(
    app_context: Flask, owner: Account, status: str
) -> None:
    with pytest.raises(Conflict, match=status):
        cancel_run(add_run(owner.id, status=status), owner.id)


@pytest.mark.parametrize("status", ["paused", "failed", "canceled"])
def test_resuming_queues_the_next_attempt(app_context: Flask, owner: Account, status: str) -> None:
    run_id = add_run(owner.id, status=status, attempt=2, failure={"code": "x"}, finished_at=now())
    resume_run(run_id, owner.id)
    row = columns_of(run_id)
    assert (row["status"], row["attempt"], row["failure"]) == ("queued", 3, None)
    assert (row["finished_at"], row["retry_errors"]) == (None, False)
    assert queues.run_job_id(run_id, 3) in queues.queued_job_ids()


@pytest.mark.parametrize("status", ["queued", "running", "completed"])
def test_nothing_to_resume_is_a_conflict(app_context: Flask, owner: Account, status: str) -> None:
    with pytest.raises(Conflict, match="nothing to resume"):
        resume_run(add_run(owner.id, status=status), owner.id)


def test_an_account_has_so_many_queued_runs_at_most(
    app_context: Flask,
    owner: Account,
    second_user: Account,
    api: ApiClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(submission, "MOST_QUEUED", 2)
    paused = add_run(owner.id, status="paused")
    for _ in range(2):
        add_run(second_user.id)
        add_run(owner.id, status="running")
    resume_run(paused, owner.id)
    body = {"benchmark": "gen_word_problems", "model": "simulated/expert", "limit": 1}
    assert api.post("/runs", json=body).status_code == 201
    refused = api.post("/runs", json=body)
    assert (refused.status_code, refused.json["code"]) == (409, "too_many_queued")
    with pytest.raises(Conflict, match="queued"):
        resume_run(add_run(owner.id, status="paused"), owner.id)


def test_a_completed_run_goes_on_only_for_its_errors(app_context: Flask, owner: Account) -> None:
    run_id = add_run(owner.id, status="completed", error=2)
    with pytest.raises(Conflict):
        resume_run(run_id, owner.id)
    resume_run(run_id, owner.id, retry_errors=True)
    assert columns_of(run_id)["retry_errors"] is True


def test_only_the_owner_changes_a_run(
    app_context: Flask, owner: Account, second_user: Account
) -> None:
    run_id = add_run(owner.id)
    changes: list[Callable[[], object]] = [
        lambda: cancel_run(run_id, second_user.id),
        lambda: resume_run(run_id, second_user.id),
        lambda: delete_run(run_id, second_user.id),
        lambda: annotate_run(run_id, second_user.id, tags=[], notes=""),
    ]
    for change in changes:
        with pytest.raises(NotFound):
            change()
    assert columns_of(run_id)["status"] == "queued"


def test_the_sweep_requeues_a_run_whose_worker_is_silent(
    app_context: Flask, owner: Account
) -> None:
    run_id = add_run(owner.id)
    claimed(run_id)
    assert sweep_runs() == 0
    expire_lease(run_id)
    assert sweep_runs() == 1
    row = columns_of(run_id)
    assert (row["status"], row["attempt"], row["lease_token"]) == ("queued", 1, None)
    assert queues.queued_job_ids() == {queues.run_job_id(run_id, 1)}


def test_the_sweep_requeues_what_the_queue_lost_once(app_context: Flask, owner: Account) -> None:
    long_ago = now() - timedelta(minutes=1)
    lost = add_run(owner.id, created_at=long_ago)
    add_run(owner.id)  # its enqueueing may be under way
    known = add_run(owner.id, created_at=long_ago)
    queues.enqueue_run(known, 0)
    assert sweep_runs() == 1
    assert queues.queued_job_ids() == {queues.run_job_id(lost, 0), queues.run_job_id(known, 0)}
    assert sweep_runs() == 0
    get_broker().flushdb()  # a queue server that was restarted without its data
    assert sweep_runs() == 2


def test_the_runs_of_a_dead_process_are_queued_at_once(app_context: Flask, owner: Account) -> None:
    run_id = add_run(owner.id)
    claimed(run_id)
    assert release_runs_of(os.getpid()) == 1
    assert queues.queued_job_ids() == {queues.run_job_id(run_id, 1)}
    assert columns_of(run_id)["worker_deaths"] == 1


def test_the_runs_of_a_process_that_was_ended_on_purpose_are_not_to_blame(
    app_context: Flask, owner: Account
) -> None:
    run_id = add_run(owner.id)
    claimed(run_id)
    assert release_runs_of(os.getpid(), died=False) == 1
    assert columns_of(run_id)["worker_deaths"] == 0
    assert queues.queued_job_ids() == {queues.run_job_id(run_id, 1)}


def test_a_queue_that_went_away_after_the_commit_is_healed_by_the_sweep(
    app_context: Flask, owner: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = add_run(owner.id, status="paused")
    enqueue = queues.enqueue_run

    def away(*_: object) -> None:
        raise Unavailable("away")

    monkeypatch.setattr(queues, "enqueue_run", away)
    resume_run(run_id, owner.id)
    assert columns_of(run_id)["status"] == "queued"
    monkeypatch.setattr(queues, "enqueue_run", enqueue)
    with transaction() as session:
        early = now() - timedelta(minutes=1)
        session.execute(update(Run).where(Run.id == run_id).values(created_at=early))
    assert sweep_runs() == 1


def test_without_a_queue_server_the_sweep_says_so(
    make_app: Callable[..., Flask], owner: Account, broker_url: str
) -> None:
    assert Redis.from_url(broker_url).ping()
    with make_app().app_context(), pytest.raises(Unavailable):
        lifecycle.sweep_runs()


def test_deleting_a_run_that_is_gone_meanwhile_is_not_found(
    app_context: Flask, owner: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = add_run(owner.id, status="completed")
    find = get_run

    def find_then_lose(run_id: str, account_id: int) -> Run:
        found = find(run_id, account_id)
        with transaction() as session:
            session.execute(delete(Run).where(Run.id == run_id))
        monkeypatch.setattr(lifecycle, "get_run", find)
        return found

    monkeypatch.setattr(lifecycle, "get_run", find_then_lose)
    with pytest.raises(NotFound):
        lifecycle.delete_run(run_id, owner.id)
