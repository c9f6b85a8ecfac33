"""Allows calls only while the lease lasts, so that every paid answer can be recorded."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import inf
from threading import Event

from app.net.call_errors import Canceled

_LOOK_EVERY_S = 0.05
# Goes on while the machine sleeps, as it does while this process is stopped.
_CLOCK_ID = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def awake_or_not() -> float:
    """Return the time of a clock that also counts sleep of the machine."""
    return time.clock_gettime(_CLOCK_ID)


class CallPermit:
    """The right to make calls until an expiry that renewals move on.

    Who renews it does so once the renewal of a lease is committed. A process that was stopped, or
    whose machine slept, finds it expired before it knows whether the lease is still its own.

    Args:
        until: Moment of ``clock`` from which no call may be made.
        clock: Seconds.
    """

    def __init__(self, until: float = inf, clock: Callable[[], float] = awake_or_not) -> None:
        self._until = until
        self._clock = clock

    @property
    def valid(self) -> bool:
        """Whether a call may be made now."""
        return self._clock() < self._until

    def renewing(self, duration_s: float) -> Callable[[], None]:
        """Return a function to call once a renewal that starts now is committed."""
        until = self._clock() + duration_s

        def renew() -> None:
            self._until = max(self._until, until)

        return renew

    def await_valid(self, cancel: Event) -> None:
        """Wait until a call may be made.

        Raises:
            Canceled: ``cancel`` was set meanwhile.
        """
        while not self.valid:
            if cancel.wait(_LOOK_EVERY_S):
                raise Canceled
