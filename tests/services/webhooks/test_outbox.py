"""Whatever writes a delivery tells the queue, after the commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import select, update

from app.broker import queues
from app.broker.client import get_broker
from app.db import db, transaction
from app.models import Delivery
from app.services import connection_deletion
from app.services.accounts import accounts
from app.services.connections import store
from app.services.runs import lifecycle
from app.services.runs.leases import claim_run
from app.services.webhooks import deliveries, endpoints
from tests.run_fixtures import add_run

HOOK = {"url": "http://127.0.0.1:9/hook", "events": ["run.canceled", "run.paused"]}


@pytest.fixture
def account_id(make_app: Callable[..., Flask], broker_url: str) -> Iterator[int]:
    """An account with a webhook, in an app context with a queue server."""
    Redis.from_url(broker_url).flushdb()
    with make_app(egress_allow="127.0.0.0/8", redis_url=broker_url).app_context():
        account = accounts.register_account("a@example.org", "correct horse battery staple")
        endpoints.create_webhook(account.id, HOOK)
        yield account.id
        get_broker().close()


def job_of(attempt: int) -> set[str]:
    (delivery_id,) = db.session.scalars(select(Delivery.id))
    return {queues.delivery_job_id(delivery_id, attempt)}


def jobs() -> set[str]:
    return queues.queued_job_ids([queues.WEBHOOKS])


def test_a_run_that_is_canceled(account_id: int) -> None:
    lifecycle.cancel_run(add_run(account_id, status="queued"), account_id)
    assert jobs() == job_of(1)


def test_a_connection_that_is_deleted_pauses_its_runs(account_id: int) -> None:
    store.save_connection(account_id, True, "mine", {"kind": "simulated"})
    add_run(account_id, status="queued", model="mine/gpt")
    connection_deletion.delete_connection(account_id, True, "mine")
    assert jobs() == job_of(1)


def test_a_delivery_that_is_sent_again(account_id: int) -> None:
    lifecycle.cancel_run(add_run(account_id, status="queued"), account_id)
    (delivery_id,) = db.session.scalars(select(Delivery.id))
    with transaction() as session:
        session.execute(update(Delivery).values(status="delivered", attempts_made=3))
    get_broker().flushdb()
    deliveries.redeliver(delivery_id, account_id)
    assert jobs() == job_of(4)


def test_a_transaction_that_fails_tells_nothing(
    account_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = add_run(account_id, status="queued")

    def fail(*_: object) -> None:
        raise RuntimeError("no outbox")

    monkeypatch.setattr("app.services.webhooks.outbox.write", fail)
    with pytest.raises(RuntimeError):
        lifecycle.cancel_run(run_id, account_id)
    assert jobs() == set()
    assert claim_run(run_id, 30) is not None  # it waits as before
