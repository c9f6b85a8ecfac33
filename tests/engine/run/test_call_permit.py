"""No call after the lease may have been lost."""

from __future__ import annotations

import threading
import time
from threading import Event

import pytest

from app.engine.call_permit import CallPermit, awake_or_not
from app.net.call_errors import Canceled


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s


def test_a_permit_ends_and_is_renewed_from_when_the_renewal_began() -> None:
    clock = Clock()
    permit = CallPermit(110.0, clock)
    renewed = permit.renewing(10)
    clock.s = 109.0
    assert permit.valid
    renewed()  # committed late: what counts is when it was sent
    clock.s = 110.5
    assert not permit.valid


def test_a_renewal_that_was_not_committed_changes_nothing() -> None:
    clock = Clock()
    permit = CallPermit(110.0, clock)
    clock.s = 109.0
    permit.renewing(10)
    clock.s = 111.0
    assert not permit.valid


def test_who_wants_to_call_waits_for_the_renewal() -> None:
    clock = Clock()
    permit = CallPermit(99.0, clock)
    called = Event()

    def call() -> None:
        permit.await_valid(Event())
        called.set()

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    assert not called.wait(0.3)
    permit.renewing(10)()
    assert called.wait(30)
    thread.join(30)


def test_a_run_that_ends_ends_the_wait() -> None:
    halt = Event()
    halt.set()
    with pytest.raises(Canceled):
        CallPermit(0.0).await_valid(halt)


def test_the_clock_goes_on() -> None:
    before = awake_or_not()
    time.sleep(0.01)
    assert awake_or_not() > before
