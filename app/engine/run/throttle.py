"""Slows down all calls of a run when the provider limits their rate."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from threading import Event, Lock
from typing import Protocol

from app.engine.run.pace_law import LAW
from app.net.call_errors import Canceled


class Throttle(Protocol):
    """Decides when each call may start. Thread-safe."""

    def acquire(self, cancel: Event) -> float:
        """Wait until a call may be made and return the seconds waited.

        Raises:
            Canceled: ``cancel`` was set meanwhile.
        """
        ...

    def on_success(self) -> None:
        """Note that a call was answered."""
        ...

    def on_rate_limited(self, retry_after_s: float | None) -> None:
        """Note that a call was refused for its rate, and how long the server asks to wait."""
        ...

    def pause_s(self) -> float:
        """Return for how many seconds no call may start at all; 0 if calls go through."""
        ...


class LocalThrottle:
    """Paces the calls of this process at the rate that the provider accepts.

    Without refusals it does nothing. A refusal starts an episode: all threads stop for as
    long as the server asks, and then start calls evenly, a tenth below the rate at which the
    provider accepted calls since the episode before. From there every answer raises the rate,
    by more the longer there was no refusal; see :class:`app.engine.run.pace_law.PaceLaw`.
    Refusals of calls that were under way belong to the same episode: they correct the rate
    and prolong the pause. A limit on calls at a time instead could not go below one call per
    latency, which is still too fast for many accounts.

    Args:
        clock: Monotonic seconds.
        rate_per_s: The pace to start with; ``None``: as fast as calls come.
        most_per_s: Answers do not raise a pace beyond this.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        rate_per_s: float | None = None,
        most_per_s: float = inf,
    ) -> None:
        self._clock = clock
        self._lock = Lock()
        self._rate_per_s = rate_per_s
        self._most_per_s = most_per_s
        self._resume_at = 0.0
        self._next_at = 0.0
        self._started = 0
        self._episode = 0
        self._episode_at = clock()
        self._before = _Window(calls=0, seconds=1.0, rate_per_s=None)

    @property
    def rate_per_s(self) -> float | None:
        """Calls started per second; ``None`` before the first refusal."""
        return self._rate_per_s

    def acquire(self, cancel: Event) -> float:
        """Wait for this call's turn; see :class:`Throttle`."""
        waited_s = 0.0 if self._rate_per_s is None else self._await_turn(cancel)
        with self._lock:
            self._started += 1
        return waited_s

    def on_success(self) -> None:
        """Raise the rate a little, if it is paced."""
        if self._rate_per_s is None:
            return
        with self._lock:
            # A constant per answer is a constant share per second.
            grown = self._rate_per_s + self._growth(self._rate_per_s)
            self._rate_per_s = min(grown, self._most_per_s)

    def on_rate_limited(self, retry_after_s: float | None) -> None:
        """Stop all threads for as long as the server asks, and slow them down."""
        now = self._clock()
        with self._lock:
            over = now >= max(self._resume_at, self._episode_at + LAW.episode_s)
            if over or not self._episode:
                self._begin_episode(now)
            self._before.calls -= 1
            self._rate_per_s = self._before.next_rate_per_s()
            self._resume_at = max(self._resume_at, now + LAW.pause_s(retry_after_s))

    def pause_s(self) -> float:
        """Return how much longer the server's pause lasts."""
        return max(0.0, self._resume_at - self._clock())

    def _growth(self, rate_per_s: float) -> float:
        if self._episode and self._before.rate_per_s is None:
            # One refusal, perhaps in the run's first moment, says little: search from there.
            return LAW.search_growth
        calm_s = self._clock() - self._episode_at
        return LAW.growth_per_answer(rate_per_s, self._before.accepted_per_s, calm_s)

    def _begin_episode(self, now: float) -> None:
        seconds = max(LAW.episode_s, now - self._episode_at)
        self._before = _Window(self._started, seconds, self._rate_per_s)
        self._started = 0
        self._episode += 1
        self._episode_at = now
        self._next_at = now

    def _await_turn(self, cancel: Event) -> float:
        started = self._clock()
        while True:
            episode, wait_s = self._reserve()
            if wait_s > 0 and cancel.wait(wait_s):
                raise Canceled
            # An episode that began meanwhile has voided all turns.
            if episode == self._episode and self._clock() >= self._resume_at:
                return self._clock() - started

    def _reserve(self) -> tuple[int, float]:
        """Take the next turn; return the episode it belongs to and the seconds until then."""
        with self._lock:
            now = self._clock()
            turn_at = max(now, self._resume_at, self._next_at)
            self._next_at = turn_at + 1.0 / (self._rate_per_s or LAW.least_per_s)
            return self._episode, turn_at - now


@dataclass(slots=True)
class _Window:
    """The time between two rate limits: calls started, not refused, and their rate."""

    calls: int
    seconds: float
    rate_per_s: float | None

    @property
    def accepted_per_s(self) -> float:
        """Calls per second that were not refused."""
        return self.calls / self.seconds

    def next_rate_per_s(self) -> float:
        """Return the rate at which calls go on."""
        accepted_per_s = self.accepted_per_s * LAW.below_accepted
        if self.rate_per_s is None:
            return max(LAW.least_at_first_per_s, accepted_per_s)
        # A short window says little, so one episode never cuts the rate by more than a third.
        return max(
            LAW.least_per_s,
            min(accepted_per_s, self.rate_per_s * LAW.below_accepted),
            self.rate_per_s * LAW.most_cut,
        )
