from __future__ import annotations

import threading
import time
from threading import Event

import pytest

from app.engine.run.pace_law import LAW
from app.engine.run.throttle import LocalThrottle
from app.net.call_errors import Canceled


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Waits(Event):
    """An event that is never set and moves the clock instead of waiting."""

    def __init__(self, clock):
        super().__init__()
        self.clock = clock

    def wait(self, timeout=None):
        self.clock.now += timeout or 0.0
        return False


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def throttle(clock):
    return LocalThrottle(clock=clock)


def test_without_refusals_nothing_waits(throttle, clock):
    assert [throttle.acquire(Waits(clock)) for _ in range(1000)] == [0.0] * 1000
    assert throttle.rate_per_s is None


def test_a_refusal_stops_everybody_for_as_long_as_the_server_asks(throttle, clock):
    throttle.on_rate_limited(7.0)
    assert throttle.acquire(Waits(clock)) == pytest.approx(7.0)


def accept(throttle, clock, calls):
    for _ in range(calls):
        throttle.acquire(Waits(clock))
        throttle.on_success()


def refuse(throttle, clock, retry_after_s=None):
    throttle.acquire(Waits(clock))
    throttle.on_rate_limited(retry_after_s)


def test_calls_then_start_evenly_below_the_rate_that_was_accepted(throttle, clock):
    accept(throttle, clock, 40)
    clock.now += 2.0
    refuse(throttle, clock)
    assert throttle.rate_per_s == pytest.approx(18.0)
    starts = []
    for _ in range(10):
        throttle.acquire(Waits(clock))
        starts.append(clock.now)
    gaps = [later - earlier for earlier, later in zip(starts, starts[1:], strict=False)]
    assert gaps == pytest.approx([1 / 18] * 9)


def test_calls_under_way_count_as_accepted_until_they_are_refused(throttle, clock):
    for _ in range(100):
        throttle.acquire(Waits(clock))
    clock.now += 0.1
    throttle.on_rate_limited(2.0)
    assert throttle.rate_per_s == pytest.approx(99 * 0.9)
    for _ in range(91):
        throttle.on_rate_limited(2.0)
    assert throttle.rate_per_s == pytest.approx(8 * 0.9)


def test_a_later_refusal_slows_down_further(throttle, clock):
    refuse(throttle, clock)
    before = throttle.rate_per_s
    accept(throttle, clock, 20)
    grown = throttle.rate_per_s
    clock.now += 30.0
    refuse(throttle, clock)
    assert before < grown
    assert throttle.rate_per_s < grown


def test_one_episode_never_cuts_the_rate_by_more_than_a_third(throttle, clock):
    accept(throttle, clock, 100)
    clock.now += 1.0
    refuse(throttle, clock)
    before = throttle.rate_per_s
    clock.now += 1.0
    for _ in range(10):
        throttle.on_rate_limited(None)
    assert throttle.rate_per_s == pytest.approx(before * 0.7)


def test_answers_raise_the_rate_faster_the_longer_it_was_calm(throttle, clock):
    accept(throttle, clock, 20)
    clock.now += 1.0
    refuse(throttle, clock)
    clock.now += 2.0
    refuse(throttle, clock)
    rate = throttle.rate_per_s

    def growth():
        before = throttle.rate_per_s
        throttle.on_success()
        return throttle.rate_per_s - before

    assert growth() == pytest.approx(LAW.growth)
    clock.now += 2 * LAW.calm_s
    assert growth() == pytest.approx(LAW.growth * 4)
    clock.now += 1000 * LAW.calm_s
    assert growth() == pytest.approx(LAW.growth * LAW.calm_most_factor)
    assert rate < throttle.rate_per_s


def test_below_what_was_accepted_before_the_rate_recovers_quickly():
    growth = LAW.growth_per_answer(10.0, accepted_per_s=20.0, calm_s=0.0)
    assert growth == pytest.approx(LAW.growth * LAW.recovery_factor)
    assert LAW.growth_per_answer(1000.0, 20.0, 0.0) == pytest.approx(1000 * LAW.growth_share)


def test_a_refusal_without_a_wait_pauses_for_a_moment(throttle, clock):
    throttle.on_rate_limited(None)
    assert throttle.pause_s() == pytest.approx(LAW.default_pause_s)
    throttle.on_rate_limited(10_000.0)
    assert throttle.pause_s() == pytest.approx(LAW.longest_pause_s)


def test_after_the_first_refusal_the_rate_is_searched_for_quickly(throttle, clock):
    accept(throttle, clock, 20)
    clock.now += 1.0
    refuse(throttle, clock)
    answer_for_a_second(throttle, throttle.rate_per_s)
    assert throttle.rate_per_s == pytest.approx(18 * (1 + LAW.search_growth))


def answer_for_a_second(throttle, rate):
    for _ in range(round(rate)):
        throttle.on_success()


def test_a_pause_that_is_prolonged_meanwhile_is_kept(throttle, clock):
    throttle.on_rate_limited(1.0)

    class Prolong(Waits):
        done = False

        def wait(self, timeout=None):
            if not self.done:
                self.done = True
                throttle.on_rate_limited(5.0)
            return super().wait(timeout)

    assert throttle.acquire(Prolong(clock)) >= 5.0


def test_a_cancel_ends_the_wait_at_once():
    throttle, cancel = LocalThrottle(), Event()
    throttle.on_rate_limited(30.0)
    threading.Timer(0.05, cancel.set).start()
    started = time.monotonic()
    with pytest.raises(Canceled):
        throttle.acquire(cancel)
    assert time.monotonic() - started < 15
