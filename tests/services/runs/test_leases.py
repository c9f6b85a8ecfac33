"""Leases: one worker at a time, and none that was silent too long."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from app.db import transaction
from app.models import Run
from app.services.accounts.accounts import Account
from app.services.runs import leases
from app.services.runs.leases import (
    Lease,
    claim_run,
    kept_alive,
    release_lease,
    release_lease_of,
    renew_lease,
)
from tests.run_fixtures import add_run, columns_of, expire_lease


def claimed(run_id: str, duration_s: float = 10) -> Lease:
    lease = claim_run(run_id, duration_s)
    assert lease is not None
    return lease


def test_a_claim_takes_a_queued_run(app_context: Flask, owner: Account) -> None:
    run_id = add_run(owner.id, failure={"code": "old"})
    lease = claimed(run_id)
    row = columns_of(run_id)
    assert (row["status"], row["lease_token"], row["failure"]) == ("running", lease.token, None)
    assert row["lease_until"] == pytest.approx(time.time() + 10, abs=2)
    assert row["started_at"] is not None


def test_the_time_of_the_first_start_stays(app_context: Flask, owner: Account) -> None:
    run_id = add_run(owner.id)
    lease = claimed(run_id)
    started_at = columns_of(run_id)["started_at"]
    assert release_lease(lease)
    claimed(run_id)
    assert columns_of(run_id)["started_at"] == started_at


@pytest.mark.parametrize("status", ["completed", "failed", "paused", "canceled"])
def test_a_run_that_is_over_is_not_claimed(app_context: Flask, owner: Account, status: str) -> None:
    assert claim_run(add_run(owner.id, status=status), 10) is None


def test_a_run_that_does_not_exist_is_not_claimed(app_context: Flask) -> None:
    assert claim_run("nothing", 10) is None


def test_of_many_claims_at_once_one_wins(app: Flask, owner: Account) -> None:
    with app.app_context():
        run_id = add_run(owner.id)
    barrier = threading.Barrier(8)
    won: list[Lease | None] = []

    def claim() -> None:
        with app.app_context():
            barrier.wait()
            won.append(claim_run(run_id, 10))

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 8
    assert sum(lease is not None for lease in won) == 1


def test_a_silent_worker_loses_its_run_and_every_right(app_context: Flask, owner: Account) -> None:
    run_id = add_run(owner.id)
    old = claimed(run_id)
    assert claim_run(run_id, 10) is None
    expire_lease(run_id)
    new = claimed(run_id)
    assert new.token != old.token
    assert not renew_lease(old)
    assert not release_lease(old)
    assert renew_lease(new)
    assert columns_of(run_id)["lease_token"] == new.token


def test_renewing_prolongs(app_context: Flask, owner: Account) -> None:
    run_id = add_run(owner.id)
    lease = claimed(run_id, 2)
    assert renew_lease(replace(lease, duration_s=60))
    assert columns_of(run_id)["lease_until"] > time.time() + 50


def test_a_run_given_back_waits_for_its_next_attempt(app_context: Flask, owner: Account) -> None:
    run_id = add_run(owner.id)
    lease = claimed(run_id)
    time.sleep(0.05)
    assert release_lease(lease)
    row = columns_of(run_id)
    assert (row["status"], row["attempt"], row["lease_token"]) == ("queued", 1, None)
    assert 0.02 < row["active_s"] < 5
    assert row["claimed_at"] is None
    assert not release_lease(lease)


def test_the_runs_of_a_dead_process_are_freed_and_no_others(
    app_context: Flask, owner: Account
) -> None:
    mine, other = add_run(owner.id), add_run(owner.id)
    claimed(mine)
    lease = claimed(other)
    with transaction() as session:  # another process of this machine, whose number begins alike
        token = lease.token.replace(f"/{os.getpid()}/", f"/{os.getpid()}1/")
        session.execute(update(Run).where(Run.id == other).values(lease_token=token))
    assert release_lease_of(os.getpid()) == [(mine, 1, True)]
    assert columns_of(mine)["status"] == "queued"
    assert columns_of(other)["status"] == "running"
    assert release_lease_of(os.getpid()) == []


def test_a_lease_outlives_something_slow(app_context: Flask, owner: Account) -> None:
    run_id = add_run(owner.id)
    lease, stop = claimed(run_id, 2), Event()
    with kept_alive(lease, stop):
        time.sleep(2.5)
        assert claim_run(run_id, 10) is None
    assert not stop.is_set()


def test_a_lease_lost_meanwhile_stops_the_work(app_context: Flask, owner: Account) -> None:
    run_id = add_run(owner.id)
    lease, stop = claimed(run_id, 0.1), Event()
    with transaction() as session:
        session.execute(update(Run).where(Run.id == run_id).values(lease_token="other"))
    with kept_alive(lease, stop):
        assert stop.wait(60)


def test_a_database_that_is_away_for_a_moment_does_not_end_the_renewing(
    app_context: Flask, owner: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = add_run(owner.id)
    lease, stop = claimed(run_id, 1), Event()
    renew: Callable[[Lease], bool] = leases.renew_lease
    tries: list[int] = []

    def fail_once(mine: Lease) -> bool:
        tries.append(1)
        if len(tries) == 1:
            raise OperationalError("UPDATE", {}, Exception("database is locked"))
        return renew(mine)

    monkeypatch.setattr(leases, "renew_lease", fail_once)
    with kept_alive(lease, stop):
        before: Any = columns_of(run_id)["lease_until"]
        deadline = time.monotonic() + 60
        while columns_of(run_id)["lease_until"] <= before:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert not stop.is_set()


def _deaths(run_id: str) -> int:
    return int(columns_of(run_id)["worker_deaths"])


def test_a_worker_that_died_over_a_run_is_counted(app_context: Flask, owner: Account) -> None:
    run_id = add_run(owner.id)
    claimed(run_id)
    release_lease_of(os.getpid())
    assert _deaths(run_id) == 1
    claimed(run_id)
    expire_lease(run_id)
    claimed(run_id)  # of a worker that was not heard of any more
    assert _deaths(run_id) == 2


def test_a_run_that_is_given_back_in_order_has_ended_no_worker(
    app_context: Flask, owner: Account
) -> None:
    run_id = add_run(owner.id)
    assert release_lease(claimed(run_id))
    claimed(run_id)
    assert _deaths(run_id) == 0


def test_a_machine_that_went_down_is_not_the_runs_fault(app_context: Flask, owner: Account) -> None:
    run_id = add_run(owner.id)
    lease = claimed(run_id)
    host, pid, rest = lease.token.split("/")
    with transaction() as session:
        before = f"{host}/{pid}/00000000-{rest.rpartition('-')[2]}"
        session.execute(update(Run).where(Run.id == run_id).values(lease_token=before))
    expire_lease(run_id)
    claimed(run_id)
    assert _deaths(run_id) == 0


def test_a_lease_permits_calls_for_as_long_as_it_certainly_lasts(
    app_context: Flask, owner: Account
) -> None:
    lease = claimed(add_run(owner.id), 0.3)
    time.sleep(0.4)
    assert not lease.permit.valid
    assert renew_lease(replace(lease, duration_s=60.0))
    assert lease.permit.valid
