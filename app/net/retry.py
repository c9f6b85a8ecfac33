"""Retries of outgoing calls: exponential waits that can be canceled.

The ``backoff`` package repeats the call and decides when to give up; the waits are ours, in
its ``on_backoff`` hook, because its own cannot be interrupted, forget a server's
``Retry-After`` under jitter, and may be shorter than asked for.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import Any, TypeVar

import backoff

from app.net.call_errors import CallError, Canceled

T = TypeVar("T")

_SYSTEM_RNG = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a call is repeated, and how long the waits are.

    Attributes:
        max_retries: After the first try; 0 never repeats.
        base_wait_s: Before the first retry; doubles from then on.
        max_wait_s: The doubling stops here. A longer ``Retry-After`` is still honoured.
        max_retry_after_s: A server that asks for more is not waited for.
        jitter: Computed waits are stretched by up to this share, so that calls that failed
            together do not return together.
        once: Codes of errors that are worth a single retry.
        window_s: A limited rate is waited out for so long, beyond ``max_retries`` if need be:
            limits count by the minute, and a minute is longer than five doubled waits. 0: no
            longer than other errors.
    """

    max_retries: int = 5
    base_wait_s: float = 1.0
    max_wait_s: float = 32.0
    max_retry_after_s: float = 120.0
    jitter: float = 0.25
    once: frozenset[str] = frozenset()
    window_s: float = 0.0


RATE_LIMIT = "rate_limit"
"""The code of an error that says that calls come too fast."""

_WINDOW_PER_RETRY_S = 15.0


def window_of(max_retries: int) -> float:
    """Return how long a limited rate is waited out: over a minute with five retries."""
    return _WINDOW_PER_RETRY_S * max_retries


@dataclass(frozen=True, slots=True)
class Retry:
    """One retry about to happen: attempt ``attempt`` failed with ``error``."""

    attempt: int
    wait_s: float
    error: CallError


def wait_before(policy: RetryPolicy, attempt: int, error: CallError, rng: random.Random) -> float:
    """Return the seconds to wait after failed attempt number ``attempt`` (from 1).

    At least the computed wait (never shortened by jitter), and at least what the server
    asked for plus up to a second.
    """
    doubled = min(policy.base_wait_s * 2.0 ** min(attempt - 1, 30), policy.max_wait_s)
    wait_s = doubled * rng.uniform(1.0, 1.0 + policy.jitter)
    if error.retry_after_s is not None:
        wait_s = max(wait_s, error.retry_after_s + rng.uniform(0.0, 1.0))
    return wait_s


def asks_too_long(policy: RetryPolicy, error: CallError) -> bool:
    """Return whether the server asks for too long a wait."""
    return error.retry_after_s is not None and error.retry_after_s > policy.max_retry_after_s


def call_with_retries(
    call: Callable[[], T],
    policy: RetryPolicy,
    cancel: Event,
    *,
    on_retry: Callable[[Retry], None] | None = None,
    may_retry: Callable[[CallError], bool] | None = None,
    wait: Callable[[float], bool] | None = None,
    rng: random.Random | None = None,
) -> T:
    """Return what ``call`` returns, repeating it while it fails with a retryable error.

    Args:
        call: Makes one attempt.
        policy: How often and how slowly.
        cancel: Ends a wait at once.
        on_retry: Told of every retry before its wait. Must not raise.
        may_retry: A further condition, such as a budget of retries.
        wait: Waits so many seconds and says whether it was canceled; ``cancel.wait`` if
            ``None``.
        rng: Source of the jitter.

    Raises:
        CallError: The last attempt's error, unchanged.
        Canceled: ``cancel`` was set during a wait.
    """
    state = _Attempts(
        policy=policy,
        cancel=cancel,
        on_retry=on_retry,
        may_retry=may_retry,
        wait=wait or cancel.wait,
        rng=rng or _SYSTEM_RNG,
    )
    repeat = backoff.on_exception(
        backoff.constant,
        CallError,
        interval=0,
        jitter=None,
        giveup=state.give_up,
        on_backoff=state.before_retry,
        logger=None,
    )
    attempt: Callable[[], T] = repeat(call)
    return attempt()


@dataclass(slots=True)
class _Attempts:
    """The attempts of one call: decides on and waits before each retry."""

    policy: RetryPolicy
    cancel: Event
    on_retry: Callable[[Retry], None] | None
    may_retry: Callable[[CallError], bool] | None
    wait: Callable[[float], bool]
    rng: random.Random
    failed: int = 0
    limited_s: float = 0.0
    repeated: set[str] = field(default_factory=set)

    def give_up(self, error: Exception) -> bool:
        self.failed += 1
        if not isinstance(error, CallError) or not error.retryable:
            return True
        if self.failed > self.policy.max_retries and not self._is_in_window(error):
            return True
        if asks_too_long(self.policy, error):
            return True
        if error.code in self.policy.once and error.code in self.repeated:
            return True
        self.repeated.add(error.code)
        return self.may_retry is not None and not self.may_retry(error)

    def _is_in_window(self, error: CallError) -> bool:
        return error.code == RATE_LIMIT and self.limited_s < self.policy.window_s

    def before_retry(self, details: Mapping[str, Any]) -> None:
        error: CallError = details["exception"]
        attempt: int = details["tries"]
        if self.cancel.is_set():
            raise Canceled
        wait_s = wait_before(self.policy, attempt, error, self.rng)
        if error.code == RATE_LIMIT:
            self.limited_s += wait_s
        if self.on_retry is not None:
            self.on_retry(Retry(attempt, wait_s, error))
        if self.wait(wait_s):
            raise Canceled
