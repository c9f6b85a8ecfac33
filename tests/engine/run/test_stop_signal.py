from __future__ import annotations

import threading
import time
from threading import Event

from app.engine.run.stop_signal import StopSignal


def test_either_event_sets_it_and_the_outer_one_is_left_alone():
    outer, inner = Event(), Event()
    assert not StopSignal(outer).is_set()
    inner.set()
    assert StopSignal(inner).is_set()
    signal = StopSignal(outer)
    signal.set()
    assert signal.is_set()
    assert not outer.is_set()


def test_the_outer_event_ends_a_wait_at_once():
    outer = Event()
    threading.Timer(0.05, outer.set).start()
    started = time.monotonic()
    assert StopSignal(outer).wait(30)
    assert time.monotonic() - started < 15


def test_the_inner_event_ends_a_wait_soon():
    signal = StopSignal(Event())
    threading.Timer(0.05, signal.set).start()
    started = time.monotonic()
    assert signal.wait()
    assert time.monotonic() - started < 15


def test_a_wait_without_events_lasts_as_long_as_it_was_asked_to():
    started = time.monotonic()
    assert not StopSignal(Event()).wait(0.1)
    assert time.monotonic() - started >= 0.1
