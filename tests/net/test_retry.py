from __future__ import annotations

import random
import threading
import time
from threading import Event

import pytest

from app.net.call_errors import CallError, Canceled
from app.net.retry import Retry, RetryPolicy, call_with_retries, wait_before, window_of


def dice(seed):
    return random.Random(seed)  # noqa: S311 - reproducible jitter


def failing(errors):
    """A call that raises ``errors`` one by one and then answers."""
    left = list(errors)
    made = []

    def call():
        made.append(1)
        if left:
            raise left.pop(0)
        return "answer"

    return call, made


def busy(retry_after_s=None, code="rate_limit"):
    return CallError(code, "busy", retryable=True, retry_after_s=retry_after_s)


def run(errors, policy=None, **options):
    waits = []

    def wait(seconds):
        waits.append(seconds)
        return False

    call, made = failing(errors)
    options.setdefault("rng", dice(7))
    try:
        result = call_with_retries(call, policy or RetryPolicy(), Event(), wait=wait, **options)
    except CallError as error:
        result = error
    return result, len(made), waits


def test_a_call_that_succeeds_is_made_once():
    assert run([]) == ("answer", 1, [])


def test_five_retries_wait_1_2_4_8_16_seconds_stretched_by_at_most_a_quarter():
    result, calls, waits = run([busy()] * 6)
    assert isinstance(result, CallError)
    assert calls == 6
    for wait, least in zip(waits, (1, 2, 4, 8, 16), strict=True):
        assert least <= wait <= least * 1.25


def test_waits_stop_doubling_at_32_seconds():
    _, _, waits = run([busy()] * 9, RetryPolicy(max_retries=8, jitter=0.0))
    assert waits == [1, 2, 4, 8, 16, 32, 32, 32]


def test_the_server_s_wait_wins_when_it_is_longer():
    _, _, waits = run([busy(retry_after_s=10)])
    assert 10 <= waits[0] <= 11


def test_the_server_s_wait_does_not_shorten_ours():
    policy = RetryPolicy(jitter=0.0)
    assert wait_before(policy, 4, busy(retry_after_s=0.0), dice(1)) == 8.0


def test_a_wait_beyond_the_limit_gives_up_with_the_server_s_time():
    result, calls, waits = run([busy(retry_after_s=121)])
    assert (calls, waits) == (1, [])
    assert result.retry_after_s == 121


def test_a_wait_up_to_the_limit_is_slept_though_longer_than_ours():
    _, calls, waits = run([busy(retry_after_s=120)])
    assert calls == 2
    assert waits[0] >= 120


def test_what_is_not_retryable_is_raised_at_once():
    result, calls, _ = run([CallError("auth", "no")])
    assert (result.code, calls) == ("auth", 1)


def test_other_exceptions_pass_through():
    call, _ = failing([KeyError("x")])
    with pytest.raises(KeyError):
        call_with_retries(call, RetryPolicy(), Event())


def test_without_retries_a_call_is_made_once():
    _, calls, _ = run([busy()], RetryPolicy(max_retries=0))
    assert calls == 1


def test_some_failures_are_repeated_only_once():
    policy = RetryPolicy(once=frozenset({"empty_reply"}))
    result, calls, _ = run([busy(code="empty_reply")] * 3, policy)
    assert (result.code, calls) == ("empty_reply", 2)


def test_a_further_condition_may_forbid_a_retry():
    _, calls, _ = run([busy()] * 3, may_retry=lambda error: False)
    assert calls == 1


def test_every_retry_is_told_before_its_wait():
    told: list[Retry] = []
    run([busy(), busy(code="timeout")], on_retry=told.append)
    assert [(retry.attempt, retry.error.code) for retry in told] == [
        (1, "rate_limit"),
        (2, "timeout"),
    ]
    assert all(retry.wait_s >= 1 for retry in told)


def test_a_cancel_ends_a_wait_at_once_and_no_call_follows():
    cancel = Event()
    call, made = failing([busy(retry_after_s=30)] * 3)
    threading.Timer(0.05, cancel.set).start()
    started = time.monotonic()
    with pytest.raises(Canceled):
        call_with_retries(call, RetryPolicy(), cancel)
    assert time.monotonic() - started < 15
    assert len(made) == 1


def test_a_call_that_fails_after_the_cancel_is_not_told_as_a_retry():
    cancel = Event()
    told: list[Retry] = []
    cancel.set()
    call, _ = failing([busy()])
    with pytest.raises(Canceled):
        call_with_retries(call, RetryPolicy(), cancel, on_retry=told.append)
    assert told == []


def test_many_calls_wait_differently():
    waits = {run([busy()], rng=dice(seed))[2][0] for seed in range(50)}
    assert len(waits) == 50


def test_a_window_of_a_minute_is_waited_out():
    policy = RetryPolicy(window_s=75.0)
    result, calls, waits = run([busy()] * 7, policy)
    assert (result, calls) == ("answer", 8)
    assert sum(waits[:6]) > 60
    result, calls, waits = run([busy(5.0)] * 50, policy)
    assert isinstance(result, CallError)
    assert 75 <= sum(waits) < 75 + 33
    assert calls > 6


def test_other_errors_are_repeated_as_often_as_ever():
    policy = RetryPolicy(max_retries=2, window_s=75.0)
    assert run([busy(code="server_error")] * 9, policy)[1] == 3
    assert run([busy(), busy(), busy(), busy(code="timeout")] + [busy()] * 50, policy)[1] == 4


def test_without_retries_no_window_is_waited_out():
    assert window_of(0) == 0.0
    assert window_of(5) > 60
    assert run([busy()], RetryPolicy(max_retries=0, window_s=window_of(0)))[1] == 1
