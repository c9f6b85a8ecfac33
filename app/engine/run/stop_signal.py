"""An event that is set by its owner or by the caller's own event, whichever comes first."""

from __future__ import annotations

import time
from threading import Event

_LOOK_EVERY_S = 0.25


class StopSignal(Event):
    """Ends a run from within or from without.

    Setting the outer event ends a wait at once, setting this one within 0.25 s. The outer
    event is never set from here: it is the caller's.
    """

    def __init__(self, cancel: Event) -> None:
        super().__init__()
        self._cancel = cancel

    def is_set(self) -> bool:
        """Whether either event is set."""
        return self._cancel.is_set() or super().is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until either event is set, at most ``timeout`` seconds; say whether it is."""
        until = None if timeout is None else time.monotonic() + timeout
        while not self.is_set():
            left = _LOOK_EVERY_S if until is None else until - time.monotonic()
            if left <= 0:
                return False
            self._cancel.wait(min(left, _LOOK_EVERY_S))
        return True
