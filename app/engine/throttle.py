"""Slows a run's calls down when the provider says so, for all of its threads at once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from threading import Event, Lock
from typing import Protocol

from app.net.errors import Canceled

_STEP_DOWN = 0.8
_EPISODE_S = 2.0
_LOOK_EVERY_S = 0.25


class Throttle(Protocol):
    """Asked before and told after every call. Used from many threads."""

    def acquire(self, cancel: Event) -> float:
        """Wait until a call may be made and return the seconds waited.

        Every return is followed by exactly one :meth:`release`.

        Raises:
            Canceled: ``cancel`` was set meanwhile.
        """
        ...

    def release(self) -> None:
        """The call ended, in whatever way."""
        ...

    def on_success(self) -> None:
        """A call was answered."""
        ...

    def on_rate_limited(self, retry_after_s: float | None) -> None:
        """A call was refused for its rate; the server asks to wait so long, if it says."""
        ...


class LocalThrottle:
    """Limits the calls of this process: additive increase, multiplicative decrease.

    After the first refusal the number of calls at a time falls by a fifth (once per
    episode, not once per call), and grows by one per round of answered calls. ``Retry-After``
    stops all threads, not only the one that was refused; they return spread over time.

    Args:
        max_connections: The most calls at a time; the limit until something is refused.
        clock: Monotonic seconds.
        rng: Spreads the return after a cool-down.
    """

    def __init__(
        self,
        max_connections: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        rng: random.Random | None = None,
    ) -> None:
        self._most = max_connections
        self._limit = float(max_connections)
        self._clock = clock
        self._rng = rng or random.SystemRandom()
        self._lock = Lock()
        self._active = 0
        self._resume_at = 0.0
        self._cut_until = 0.0

    @property
    def limit(self) -> int:
        """How many calls may be made at a time now."""
        return max(1, int(self._limit))

    def acquire(self, cancel: Event) -> float:
        """Wait for a free place and for the end of a cool-down; see :class:`Throttle`."""
        wait_s = self._try()
        if not wait_s:
            return 0.0
        started = self._clock()
        while wait_s:
            if cancel.wait(min(wait_s, _LOOK_EVERY_S)):
                raise Canceled
            wait_s = self._try()
        return self._clock() - started

    def release(self) -> None:
        """Free the place of a call."""
        with self._lock:
            self._active -= 1

    def on_success(self) -> None:
        """Grow the limit a little, if it was cut."""
        if self._limit < self._most:
            with self._lock:
                self._limit = min(float(self._most), self._limit + 1.0 / self._limit)

    def on_rate_limited(self, retry_after_s: float | None) -> None:
        """Cut the limit and stop all threads for as long as the server asks."""
        now = self._clock()
        with self._lock:
            if now >= self._cut_until:
                self._limit = max(1.0, min(self._limit, float(self._active)) * _STEP_DOWN)
                self._cut_until = now + max(_EPISODE_S, retry_after_s or 0.0)
            if retry_after_s:
                self._resume_at = max(self._resume_at, now + retry_after_s)

    def _try(self) -> float:
        """Take a place and return 0, or return the seconds after which to try again."""
        with self._lock:
            cooling_s = self._resume_at - self._clock()
            if cooling_s <= 0 and self._active < self.limit:
                self._active += 1
                return 0.0
        if cooling_s > 0:
            return cooling_s + self._rng.uniform(0.0, 0.25)
        return self._rng.uniform(0.02, 0.1)
