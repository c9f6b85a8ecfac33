"""Until when calls may be made: nobody pays for a call whose answer could not be kept."""

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
    """Return seconds of a clock that also counts the time in which the machine slept."""
    return time.clock_gettime(_CLOCK_ID)


class CallPermit:
    """The right to make calls until a moment that is moved on again and again.

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
        """Return what to call once a renewal that begins now, for ``duration_s``, is committed."""
        until = self._clock() + duration_s

        def renew() -> None:
            self._until = max(self._until, until)

        return renew

    def await_valid(self, cancel: Event) -> None:
        """Return when a call may be made.

        Raises:
            Canceled: ``cancel`` was set meanwhile.
        """
        while not self.valid:
            if cancel.wait(_LOOK_EVERY_S):
                raise Canceled
