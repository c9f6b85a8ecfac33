"""A receiver that is away for an hour, ten thousand samples, an account that goes: 14, 20, 21."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import psutil
import pytest
from sqlalchemy import update

from app.db import db, transaction
from app.models import Webhook
from tests.faults.invariants import (
    Ledger,
    check_calls,
    check_ledger,
    check_no_secret,
    check_one_end,
    uncommitted,
)
from tests.faults.processes import Program, kill, wait_until
from tests.faults.studio import Studio, parent_of, worker_of
from tests.run_fixtures import Receiver

if TYPE_CHECKING:
    from tests.faults.conftest import Note

HOUR_S = 3600.0


@pytest.mark.row(14, "webhook receiver down for an hour", ci=False)
def test_receiver_away_for_an_hour(studio: Studio, receiver: Receiver, note: Note) -> None:
    note.point("from before the end of the run; hours are skipped")
    with studio.app.app_context(), transaction() as session:
        session.execute(update(Webhook).values(long_schedule=True))
    receiver.status = 503
    pool = studio.start_pool()
    run_id = studio.submit(10)
    studio.wait_for_status(run_id, "completed")
    away_s = 0.0
    for attempt, wait_s in enumerate((10, 60, 600, HOUR_S), start=1):
        wait_until(partial(_has_attempts, studio, run_id, attempt), f"attempt {attempt}")
        time.sleep(1.5)
        assert len(receiver.received) == attempt, "too early"
        if away_s + wait_s > HOUR_S:
            receiver.status = 200
        studio.pass_time(wait_s * 1.1)
        away_s += wait_s
    check_one_end_after(studio, run_id, receiver, attempts=5)
    with studio.context():
        hook = db.session.query(Webhook).one()
        assert hook.enabled
        assert hook.failures_in_a_row == 0
    assert pool.process.poll() is None
    check_no_secret(studio)
    note.result("delivered once, by attempt 5, always the same id; 4 failures in the history")


def _has_attempts(studio: Studio, run_id: str, number: int) -> bool:
    return len(studio.deliveries(run_id)[0].attempts) == number


def check_one_end_after(studio: Studio, run_id: str, receiver: Receiver, attempts: int) -> None:
    wait_until(lambda: studio.deliveries(run_id)[0].status == "delivered", "delivered")
    (row,) = studio.deliveries(run_id)
    assert [each.status_code for each in row.attempts] == [503] * (attempts - 1) + [200]
    assert [each.number for each in row.attempts] == list(range(1, attempts + 1))
    assert {each.headers["webhook-id"] for each in receiver.received} == {row.id}
    assert len(receiver.received) == attempts


@pytest.mark.timeout(900)
@pytest.mark.row(20, "10,000 samples, a kill every 30 s", ci=False)
def test_ten_thousand_samples(
    studio: Studio,
    receiver: Receiver,
    undisturbed: Callable[[int], Ledger],
    rng: random.Random,
    note: Note,
) -> None:
    questions, epochs, connections, latency_s = 400, 25, 16, 0.25
    note.point("horse, worker or machine, seeded")
    studio.provider.control(latency_s=latency_s)
    pool = studio.start_pool()
    run_id = studio.submit(questions, epochs=epochs, max_connections=connections)
    kills, peaks_mb = 0, []
    next_at = time.monotonic() + 30
    while studio.status(run_id) in ("queued", "running"):
        run = studio.run(run_id)
        with suppress(psutil.NoSuchProcess):
            if worker_of(run):
                peaks_mb.append(psutil.Process(worker_of(run)).memory_info().rss / 1e6)
            if time.monotonic() > next_at and worker_of(run):
                next_at = time.monotonic() + 30
                kills += 1
                pool = _strike(studio, pool, worker_of(run), rng)
        time.sleep(0.25)
    once = undisturbed(questions)
    expected = {
        (sample, epoch): row for (sample, _), row in once.items() for epoch in range(1, epochs + 1)
    }
    run = check_ledger(studio, run_id, expected)
    spare = kills * uncommitted(latency_s, connections)
    calls = check_calls(studio, questions * epochs, paid_twice=spare)
    early, late = max(peaks_mb[: len(peaks_mb) // 3]), max(peaks_mb[len(peaks_mb) // 3 :])
    assert late < early * 1.25
    check_one_end(studio, run_id, receiver, "completed")
    check_no_secret(studio)
    note.result(
        f"{kills} kills, {calls} calls for {run['done']} samples, "
        f"memory {early:.0f} -> {late:.0f} MB, exact score"
    )


def _strike(studio: Studio, pool: Program, horse: int, rng: random.Random) -> Program:
    what = rng.choice(("horse", "worker", "machine"))
    if what == "machine":
        pool.lose_power()
        return studio.start_pool()
    kill(horse if what == "horse" else parent_of(horse), signal.SIGKILL)
    return pool


def _keys_of(studio: Studio, run_id: str) -> list[bytes]:
    broker = studio.broker()
    try:
        return list(broker.scan_iter(f"*{run_id}*"))
    finally:
        broker.close()


@pytest.mark.row(21, "account deleted in mid-run")
def test_deleted_account(
    studio: Studio,
    receiver: Receiver,
    rng: random.Random,
    note: Note,
) -> None:
    samples = 400
    at = rng.randint(20, 100)
    note.point(f"call {at} of {samples}")
    pool = studio.start_pool()
    run_id = studio.submit(samples)
    studio.provider.wait_for_calls(at)
    began = time.monotonic()
    studio.delete_account()
    last, still_since = studio.provider.calls, time.monotonic()
    while time.monotonic() - still_since < 2.5:
        calls = studio.provider.calls
        if calls != last:
            last, still_since = calls, time.monotonic()
        assert time.monotonic() - began < 30
        time.sleep(0.02)
    stopped_s = max(0.0, still_since - began)
    assert stopped_s <= 5.0
    assert last < samples
    with studio.context():
        left = {
            table.name: db.session.execute(
                db.select(db.func.count()).select_from(table)
            ).scalar_one()
            for table in db.metadata.sorted_tables
            if table.name not in ("alembic_version",)
        }
    assert not {name: number for name, number in left.items() if number}
    wait_until(lambda: not _keys_of(studio, run_id), "the queue server has forgotten it", 5)
    assert receiver.received == []
    assert pool.process.poll() is None
    check_no_secret(studio)
    note.result(f"calls stopped after {stopped_s:.1f} s, all rows gone, no webhook")
