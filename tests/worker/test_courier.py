"""The courier with a real database and real receivers, some of which never answer."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import uuid_utils
from flask import Flask

from app.db import db, now, transaction
from app.models import Delivery
from app.services.accounts import accounts
from app.services.webhooks import endpoints
from app.services.webhooks.delivery_slots import PER_ACCOUNT
from app.worker.courier import Courier
from app.worker.studio_worker import new_worker_name
from tests.faults.processes import wait_until
from tests.run_fixtures import Receiver

PAYLOAD = '{"type":"run.completed","status":"completed"}'


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app(egress_allow="127.0.0.0/8")


@pytest.fixture
def silent() -> Iterator[ExitStack]:
    """Closes all receivers of `hanging_url`, which ends what waits for them."""
    with ExitStack() as stack:
        yield stack


def hanging_url(silent: ExitStack) -> str:
    """Return the address of a receiver that takes a connection and says nothing."""
    listener = silent.enter_context(socket.create_server(("127.0.0.1", 0), backlog=64))
    return f"http://127.0.0.1:{listener.getsockname()[1]}/hook"


@pytest.fixture
def courier(app: Flask) -> Iterator[Courier]:
    """A courier at work in a thread."""
    working = Courier(app, new_worker_name(), poll_s=0.1)
    thread = threading.Thread(target=_loop, args=(working,))
    thread.start()
    yield working
    working.stop()
    thread.join(30)
    assert not thread.is_alive()


def _loop(courier: Courier) -> None:
    courier.work()


def add_delivery(app: Flask, email: str, urls: list[str], each: int = 1) -> list[str]:
    """Give a new account an endpoint per address, and each of them due deliveries."""
    with app.app_context():
        account = accounts.register_account(email, "correct horse battery staple")
        ids = []
        for url in urls:
            hook_id, _ = endpoints.create_webhook(
                account.id, {"url": url, "events": ["run.failed"]}
            )
            with transaction() as session:
                for _ in range(each):
                    ids.append(f"msg_{uuid_utils.uuid7().hex}")
                    session.add(
                        Delivery(
                            id=ids[-1],
                            webhook_id=hook_id,
                            event_key=ids[-1],
                            event="run.failed",
                            payload=PAYLOAD,
                            next_attempt_at=now(),
                        )
                    )
        return ids


def status_of(app: Flask, delivery_id: str) -> str:
    with app.app_context():
        return db.session.get_one(Delivery, delivery_id).status


def test_an_honest_delivery_passes_those_that_hang(
    app: Flask, silent: ExitStack, receiver: Receiver, courier: Courier
) -> None:
    hostile = [
        add_delivery(app, f"hostile{n}@example.org", [hanging_url(silent) for _ in range(8)], 5)
        for n in range(3)
    ]
    waiting = [one for ids in hostile for one in ids]
    wait_until(lambda: attempts_begun(app, waiting) == 3 * PER_ACCOUNT, "slots are held")
    (honest,) = add_delivery(app, "honest@example.org", [receiver.url])
    wait_until(lambda: status_of(app, honest) == "delivered", "the honest delivery")
    silent.close()


def attempts_begun(app: Flask, ids: list[str]) -> int:
    with app.app_context():
        rows = db.session.query(Delivery).filter(Delivery.id.in_(ids))
        return sum(row.attempts_made for row in rows)


def test_many_deliveries_arrive_once_each(app: Flask, receiver: Receiver, courier: Courier) -> None:
    ids = add_delivery(app, "busy@example.org", [receiver.url], each=40)
    wait_until(lambda: all(status_of(app, one) == "delivered" for one in ids), "all arrive")
    assert sorted(each.headers["webhook-id"] for each in receiver.received) == sorted(ids)


def test_two_couriers_share_the_work_and_repeat_nothing(
    app: Flask, receiver: Receiver, courier: Courier
) -> None:
    other = Courier(app, new_worker_name(), poll_s=0.05)
    thread = threading.Thread(target=_loop, args=(other,))
    thread.start()
    ids = add_delivery(app, "busy@example.org", [receiver.url], each=20)
    wait_until(lambda: all(status_of(app, one) == "delivered" for one in ids), "all arrive")
    other.stop()
    thread.join(20)
    assert len(receiver.received) == 20


def test_a_database_that_is_away_is_told_once_and_waited_for(
    app: Flask,
    receiver: Receiver,
    courier: Courier,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def away() -> list[object]:
        raise OSError("away")

    monkeypatch.setattr("app.services.webhooks.deliveries.due_deliveries", away)
    wait_until(lambda: "deliveries wait" in caplog.text, "the complaint")
    time.sleep(0.5)
    assert caplog.text.count("deliveries wait") == 1
    monkeypatch.undo()
    (one,) = add_delivery(app, "a@example.org", [receiver.url])
    wait_until(lambda: status_of(app, one) == "delivered", "the delivery")
