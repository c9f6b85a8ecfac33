"""What must hold right after the database or the queue server was away, lied or lost its data."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from redis.exceptions import ConnectionError as BrokerConnectionError
from sqlalchemy.exc import OperationalError

from app.broker import client as brokers
from app.broker import live, queues
from app.broker.client import connect_worker, stop_waiting_for_broker
from app.config import Settings
from app.db import db, measure_clock, now
from app.services.accounts.accounts import Account
from app.services.runs import lifecycle
from app.services.runs.leases import Outages, claim_run
from app.worker.studio_worker import StudioWorker
from tests.run_fixtures import add_run, columns_of, expire_lease


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


def test_leases_that_expired_while_the_database_was_locked_are_not_taken(
    app_context: Flask, database_url: str | None
) -> None:
    if database_url is not None:
        pytest.skip("SQLite only")
    clock = [1000.0]
    outages = Outages(lambda: clock[0])
    path = app_context.extensions["settings"].database.removeprefix("sqlite:///")
    with outages.transaction(10) as (_, trust):
        assert trust.may_release
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with impatient(), pytest.raises(OperationalError), outages.transaction(10):
            pytest.fail("the lock was ignored")
    with outages.transaction(10) as (_, trust):
        assert not trust.may_release
    clock[0] += 10
    with outages.transaction(10) as (_, trust):
        assert trust.may_release


@contextmanager
def impatient() -> Iterator[None]:
    """Have the app's connection give up a locked database at once."""
    with db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=0")
    yield
    db.engine.dispose()


@pytest.mark.parametrize(
    ("since_s", "status", "deaths"),
    [(5, "running", 0), (60, "queued", 0), (600, "queued", 1)],
    ids=["its holder may go on", "its holder may have given up", "its holder died"],
)
def test_what_an_expired_lease_says_after_an_outage(
    app_context: Flask,
    owner: Account,
    monkeypatch: pytest.MonkeyPatch,
    since_s: float,
    status: str,
    deaths: int,
) -> None:
    run_id = add_run(owner.id)
    claim_run(run_id, 10)
    expire_lease(run_id)
    clock = [1000.0]
    outages = Outages(lambda: clock[0])
    monkeypatch.setattr(lifecycle, "_outages", outages)
    with pytest.raises(OperationalError), outages.transaction(10):
        raise OperationalError("SELECT 1", {}, OSError("away"))
    clock[0] += since_s
    lifecycle.sweep_runs()
    row = columns_of(run_id)
    assert (row["status"], row["worker_deaths"]) == (status, deaths)


def test_now_follows_the_database_when_this_clock_is_wrong(
    app_context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = datetime.now(UTC)
    monkeypatch.setattr("app.db._clock_error", timedelta())
    monkeypatch.setattr("app.db.datetime", _TenMinutesAhead)
    try:
        measure_clock()
        assert abs((now() - true).total_seconds()) < 5
    finally:
        monkeypatch.undo()
    assert abs((now() - true).total_seconds()) < 5


class _TenMinutesAhead(datetime):
    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return datetime.now(tz) + timedelta(minutes=10)


@pytest.fixture
def full_server(broker: Redis) -> Iterator[Redis]:
    """The queue server with no memory left."""
    broker.config_set("maxmemory", 1)
    yield broker
    broker.config_set("maxmemory", 0)


def test_a_worker_takes_a_server_that_refuses_to_write_for_one_that_is_away(
    full_server: Redis, queue_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brokers._WorkerBackoff, "stopping", False)
    client = connect_worker(queue_settings)
    stop_waiting_for_broker()
    with pytest.raises(BrokerConnectionError):
        client.set("a", "b")
    client.close()


def test_a_heartbeat_makes_a_worker_known_again(queue_app: Flask, broker: Redis) -> None:
    worker = StudioWorker([queues.RUNS], app=queue_app, connection=broker)
    worker.register_birth()  # type: ignore[no-untyped-call]
    broker.flushdb()
    with queue_app.app_context():
        assert queues.count_workers() == 0
        worker.heartbeat()
        assert queues.count_workers() == 1


def test_the_live_events_of_a_deleted_run_go_with_it(
    app_context: Flask, owner: Account, broker: Redis
) -> None:
    run_id = add_run(owner.id, status="completed")
    live.publish(broker, run_id, "sample", {"preview": "private"})
    lifecycle.delete_run(run_id, owner.id)
    assert broker.exists(live.channel_of(run_id)) == 0


def test_postgresql_frees_the_locks_of_a_process_that_was_stopped_in_a_transaction(
    app_context: Flask, database_url: str | None
) -> None:
    if database_url is None:
        pytest.skip("PostgreSQL only")
    with db.engine.connect() as connection:
        limit = connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar()
    assert limit == "1min"
