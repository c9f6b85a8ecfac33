"""A throttle shared by all workers, so that one run's rate limit slows all of them."""

from __future__ import annotations

import logging
import random
import time
from collections import deque
from collections.abc import Callable
from math import inf
from threading import Event, Lock

from redis.exceptions import RedisError

from app.broker.client import connect
from app.current import get_settings
from app.engine.run.throttle import LocalThrottle
from app.net.call_errors import Canceled
from app.services.connections.store import OpenConnection
from app.services.pace.shared_pace import Pace, Report, SharedPace

log = logging.getLogger(__name__)

BROKER_TIMEOUT_S = 0.5
AWAY_S = 2.0
UNPACED_EXCHANGE_S = 0.5
_STALE_TURN_S = 0.25
_MOST_AHEAD = 64
_rng = random.SystemRandom()


def open_throttle(connection: OpenConnection, model: str) -> RedisThrottle | None:
    """Return the throttle of a connection's model; ``None`` if it has no limits.

    Args:
        connection: With its key, of which the queue server gets a keyed digest only.
        model: The provider's name of it.
    """
    if connection.simulated:
        return None
    settings = get_settings()
    secret = settings.secret_key
    return RedisThrottle(
        SharedPace(
            connect(settings, timeout_s=BROKER_TIMEOUT_S),
            secret=secret.get_secret_value() if secret else "",
            base_url=connection.base_url,
            api_key=connection.api_key,
            model=model,
            requests_per_minute=connection.requests_per_minute,
        )
    )


class RedisThrottle:
    """Paces calls together with all other runs of the same key and model.

    As long as no run was refused this costs one exchange with the queue server per half
    second; after that, turns are taken several at a time. The exchange is made by whichever
    thread finds it due, so there is no thread to start or to stop.
    Where the queue server is away, this process goes on alone at its share of the last known
    pace, and tries again every two seconds.

    Args:
        pace: The shared part.
        clock: Monotonic seconds.
    """

    def __init__(self, pace: SharedPace, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._pace = pace
        self._clock = clock
        self._paces_always = pace.requests_per_minute is not None
        self._lock = Lock()
        self._exchanging = Lock()
        self._turns: deque[float] = deque()
        self._waiting = 0
        self._started = self._started_earlier = self._answered = self._refused = 0
        self._retry_after_s: float | None = None
        self._joined = False
        self._episode = 0
        self._resume_at = 0.0
        self._exchange_at = 0.0
        self._known = Pace(None, 0, 0.0, 1, 0.0, ())
        self._paced = False
        self._local: LocalThrottle | None = None

    @property
    def rate_per_s(self) -> float | None:
        """Calls started per second by all runs together; ``None``: as fast as they can."""
        return self._known.rate_per_s

    def acquire(self, cancel: Event) -> float:
        """Wait for this call's turn; see :class:`app.engine.run.throttle.Throttle`."""
        if not self._joined:
            self._join()
        elif not self._paced and self._clock() >= self._exchange_at:
            self._exchange_unless_busy()
        local = self._local
        if local is not None:
            return local.acquire(cancel)
        with self._lock:
            if not self._paced:
                self._started += 1
                return 0.0
        return self._await_turn(cancel)

    def on_success(self) -> None:
        """Count an answer for the next exchange."""
        local = self._local
        if local is not None:
            local.on_success()
            return
        with self._lock:
            self._answered += 1

    def on_rate_limited(self, retry_after_s: float | None) -> None:
        """Report the rate limit to all runs at once."""
        local = self._local
        if local is not None:
            local.on_rate_limited(retry_after_s)
            return
        with self._lock:
            self._refused += 1
            if retry_after_s is not None:
                self._retry_after_s = max(self._retry_after_s or 0.0, retry_after_s)
        with self._exchanging:
            if self._refused:  # else another thread took it along
                self._exchange()

    def pause_s(self) -> float:
        """Return for how long no call may start; see :class:`app.engine.run.throttle.Throttle`."""
        local = self._local
        if local is not None:
            return local.pause_s()
        return max(0.0, self._resume_at - self._clock())

    def close(self) -> None:
        """Close the connections to the queue server."""
        self._pace.broker.close()

    def _await_turn(self, cancel: Event) -> float:
        began = self._clock()
        with self._lock:
            self._waiting += 1
        try:
            while self._paced:
                episode, turn_at = self._take_turn()
                if turn_at is None:
                    self._await_exchange(cancel)
                    continue
                wait_s = turn_at - self._clock()
                if wait_s > 0 and cancel.wait(wait_s):
                    raise Canceled
                if self._start(episode):
                    return self._clock() - began
        finally:
            with self._lock:
                self._waiting -= 1
        # Not paced any more; or the queue server went away meanwhile.
        waited_s = self._clock() - began
        return waited_s + self.acquire(cancel)

    def _start(self, episode: int) -> bool:
        """Count a call whose turn has come; ``False`` if a new rate limit voided the turn."""
        with self._lock:
            valid = episode == self._episode and self._clock() >= self._resume_at
            self._started += valid
        return valid

    def _take_turn(self) -> tuple[int, float | None]:
        oldest = self._clock() - _STALE_TURN_S
        with self._lock:
            while self._turns:
                turn_at = self._turns.popleft()
                if turn_at >= oldest:
                    return self._episode, turn_at
            return self._episode, None

    def _await_exchange(self, cancel: Event) -> None:
        """Do a due exchange, or wait while another thread does it."""
        left_s = self._exchange_at - self._clock()
        if left_s <= 0 and self._exchange_unless_busy():
            return
        # Spread, so that those who wait do not all wake up at the same moment.
        if cancel.wait(max(left_s, 0.0) + _rng.uniform(0.002, 0.02)):
            raise Canceled

    def _join(self) -> None:
        """Fetch the pace before the first call; other threads wait for it."""
        with self._exchanging:
            if not self._joined:
                self._exchange()
                self._joined = True

    def _exchange_unless_busy(self) -> bool:
        if not self._exchanging.acquire(blocking=False):
            return False
        try:
            if self._clock() >= self._exchange_at and not (self._paced and self._turns):
                self._exchange()
        finally:
            self._exchanging.release()
        return True

    def _exchange(self) -> None:
        """Exchange with the queue server; only under ``_exchanging``."""
        with self._lock:
            report = self._report()
            self._started = self._started_earlier = self._answered = self._refused = 0
            self._retry_after_s = None
        try:
            pace = self._pace.exchange(report)
        except RedisError as error:
            self._go_alone(report, error)
        else:
            self._follow(pace)

    def _report(self) -> Report:
        wanted = 0
        if self._paced or self._paces_always:
            wanted = max(self._waiting, min(self._started, _MOST_AHEAD))
        local = self._local
        rate_per_s = self._known.rate_per_s
        if local is not None:
            share = local.rate_per_s
            rate_per_s = share * self._known.runs if share else None
        return Report(
            episode=self._episode,
            started=self._started,
            started_earlier=self._started_earlier,
            answered=self._answered,
            refused=self._refused,
            retry_after_s=self._retry_after_s,
            wanted=wanted,
            rate_per_s=rate_per_s,
        )

    def _follow(self, pace: Pace) -> None:
        now = self._clock()
        back = self._local is not None
        with self._lock:
            if pace.episode != self._episode:
                self._turns.clear()
                self._started_earlier += self._started
                self._started = 0
            self._episode = pace.episode
            self._turns.extend(now + turn_s for turn_s in pace.turns_s)
            self._resume_at = now + pace.pause_s
            self._paced = pace.rate_per_s is not None or self._paces_always
            next_s = pace.ask_in_s if self._paced else UNPACED_EXCHANGE_S
            self._exchange_at = now + next_s * _rng.uniform(0.9, 1.1)
            self._known = pace
            self._local = None
        if back:
            log.info("pace is shared again")

    def _go_alone(self, report: Report, error: RedisError) -> None:
        """Continue alone, at this run's share of the pace."""
        with self._lock:
            if self._local is None:
                log.warning(
                    "queue server away, pacing alone", extra={"error": type(error).__name__}
                )
                self._local = self._alone()
            self._paced = False
            self._turns.clear()
            self._exchange_at = self._clock() + AWAY_S
        if report.refused:
            self._local.on_rate_limited(report.retry_after_s)

    def _alone(self) -> LocalThrottle:
        runs, most_per_s, rate_per_s = self._known.runs, inf, self._known.rate_per_s
        if self._pace.requests_per_minute is not None:
            most_per_s = self._pace.requests_per_minute / 60 / runs
        share = min(most_per_s, rate_per_s / runs if rate_per_s else inf)
        return LocalThrottle(
            clock=self._clock,
            rate_per_s=None if share == inf else share,
            most_per_s=most_per_s,
        )
