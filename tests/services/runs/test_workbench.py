"""Several runs in one process: guests, room, slices."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from flask import Flask

from app.broker.queues import RUN_TIMEOUT_S
from app.db import db
from app.models import RunEventRow
from app.services.accounts.accounts import Account
from app.services.connections import store
from app.services.runs import workbench
from app.services.runs.workbench import Bounds, Workbench
from tests.fakes.model_server import ModelServer
from tests.run_fixtures import add_run, columns_of

SOON_S = 60.0
BOUNDS = Bounds(guest_after_s=0.0, room_after_s=0.0, slice_s=0.0, stalled_s=1000.0, busy_cores=99)


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


@pytest.fixture
def hanging() -> Iterator[ModelServer]:
    """A server whose answers take an hour, until it is told otherwise."""
    with ModelServer(latency_s=3600.0, answer="ANSWER: 1") as server:
        yield server


@pytest.fixture
def bench(app: Flask) -> Iterator[Callable[..., None]]:
    """Starts a worker's process, so to speak; all are drained at the end."""
    draining = Event()
    threads = []

    def start(workers: int = 1, **bounds: Any) -> None:
        settings = app.extensions["settings"].model_copy(update={"workers": workers})
        work = Workbench(app, settings, draining, replace(BOUNDS, **bounds))

        def run() -> None:
            with app.app_context():
                work.work("none")

        thread = threading.Thread(target=run)
        thread.start()
        threads.append(thread)

    yield start
    draining.set()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


@pytest.fixture
def hang(app: Flask, hanging: ModelServer) -> Callable[..., str]:
    """Queues a run of an account on the model that hangs; returns its id."""

    def queue(account: Account, **columns: Any) -> str:
        with app.app_context():
            fields: Any = {"kind": "openai_compatible", "base_url": hanging.base_url}
            store.save_connection(account.id, True, "slow", fields)
            config = {"timeout_s": 3600.0, "limit": 4, **columns.pop("config", {})}
            return add_run(account.id, model="slow/fake", simulated=False, config=config, **columns)

    return queue


@pytest.fixture(autouse=True)
def _local_servers_for_all(monkeypatch: pytest.MonkeyPatch, app: Flask) -> None:
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(
        update={"provider_egress_allow": settings.egress_allow}
    )


@pytest.fixture
def quick(app: Flask) -> Callable[[Account], str]:
    """Queues a run of an account on a simulated model."""

    def queue(account: Account) -> str:
        with app.app_context():
            return add_run(account.id)

    return queue


def wait_for(app: Flask, run_id: str, *statuses: str) -> dict[str, Any]:
    deadline = time.monotonic() + SOON_S
    while True:
        with app.app_context():
            columns = columns_of(run_id)
        if columns["status"] in statuses:
            return columns
        assert time.monotonic() < deadline, columns
        time.sleep(0.05)


def test_a_run_of_another_account_is_taken_beside_one_that_hangs(
    app: Flask, owner: Account, second_user: Account, bench: Any, hang: Any, quick: Any
) -> None:
    stuck = hang(owner)
    bench()
    wait_for(app, stuck, "running")
    other = quick(second_user)
    wait_for(app, other, "completed")
    assert wait_for(app, stuck, "running")["yielding"] is False


def test_an_account_gets_no_more_runs_at_a_time_than_it_would_alone(
    app: Flask, owner: Account, second_user: Account, bench: Any, hang: Any, quick: Any
) -> None:
    stuck, waiting = hang(owner), quick(owner)
    bench()
    wait_for(app, stuck, "running")
    wait_for(app, quick(second_user), "completed")  # by then the other could have been taken
    assert wait_for(app, waiting, "queued")
    assert wait_for(app, stuck, "running")["yielding"] is False


def test_a_run_makes_room_where_there_is_none_and_goes_on_later(
    app: Flask,
    owner: Account,
    second_user: Account,
    bench: Any,
    hang: Any,
    quick: Any,
    hanging: ModelServer,
) -> None:
    stuck = hang(owner)
    bench(seats=1)
    wait_for(app, stuck, "running")
    while hanging.calls < 4:
        time.sleep(0.02)
    other = quick(second_user)
    wait_for(app, other, "completed")  # in the seat of the one whose calls are under way
    assert wait_for(app, stuck, "running")["yielding"] is True
    with app.app_context():
        told = [row.message for row in db.session.query(RunEventRow).filter_by(run_id=stuck)]
    assert any("makes room" in message for message in told)
    assert hanging.calls == 4  # none was asked again


def test_nobody_makes_room_when_only_its_own_account_waits(
    app: Flask, owner: Account, second_user: Account, bench: Any, hang: Any, quick: Any
) -> None:
    stuck, waiting = hang(owner), hang(owner)
    bench(seats=1)
    wait_for(app, stuck, "running")
    time.sleep(1.5)  # three looks
    assert wait_for(app, stuck, "running")["yielding"] is False
    assert wait_for(app, waiting, "queued")


def test_a_run_that_waits_for_its_slice_does_not_leave_early(
    app: Flask, owner: Account, second_user: Account, bench: Any, hang: Any, quick: Any
) -> None:
    stuck = hang(owner)
    bench(seats=1, slice_s=1000.0)
    wait_for(app, stuck, "running")
    other = quick(second_user)
    time.sleep(1.5)
    assert wait_for(app, stuck, "running")["yielding"] is False
    assert wait_for(app, other, "queued")


def test_a_busy_process_takes_no_guests(
    app: Flask, owner: Account, second_user: Account, bench: Any, hang: Any, quick: Any
) -> None:
    stuck = hang(owner)
    bench(busy_cores=-1.0, slice_s=1000.0)
    wait_for(app, stuck, "running")
    other = quick(second_user)
    time.sleep(1.5)
    assert wait_for(app, other, "queued")


def test_what_breaks_while_it_looks_for_runs_ends_none_that_is_under_way(
    app: Flask,
    owner: Account,
    second_user: Account,
    bench: Any,
    hang: Any,
    quick: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stuck = hang(owner)
    bench()
    wait_for(app, stuck, "running")
    broke = Event()

    def breaks(*arguments: Any, **options: Any) -> Any:
        broke.set()
        raise RuntimeError("no more threads")

    with monkeypatch.context() as broken:
        broken.setattr(workbench, "next_turns", breaks)
        assert broke.wait(SOON_S)
    wait_for(app, quick(second_user), "completed")
    assert wait_for(app, stuck, "running")["done"] == 0


def test_runs_go_back_to_the_queue_before_the_time_of_their_job_is_over(
    app: Flask, owner: Account, bench: Any, hang: Any, hanging: ModelServer
) -> None:
    run_id = hang(owner, config={"timeout_s": 5.0, "limit": 12})
    bench(stay_s=0.0)
    row = wait_for(app, run_id, "queued", "completed", "failed", "paused")
    while not row["attempt"]:  # it was not taken yet
        row = wait_for(app, run_id, "queued")
        time.sleep(0.05)
    assert (row["status"], row["done"], row["worker_deaths"]) == ("queued", 4, 0)
    assert hanging.calls == 4  # what was under way was waited for
    assert Bounds().stay_s < RUN_TIMEOUT_S
