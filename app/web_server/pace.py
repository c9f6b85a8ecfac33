"""Limits how slow a client may be, and how many slow ones may hold a thread."""

from __future__ import annotations

import threading
import time
from collections import Counter

WINDOW_S = 20.0
LEAST_BYTES = 40 * 1024
"""What must pass within each window: 2 KB a second, less than any line that people use."""


class ClientPace:
    """Measures a client's speed, to tell a slow line from a stalled one."""

    def __init__(self) -> None:
        self._window_ends = time.monotonic() + WINDOW_S
        self._bytes = 0

    def note(self, size: int) -> None:
        """Count transferred bytes."""
        self._bytes += size

    def is_too_slow(self) -> bool:
        """Return whether less has passed than must in a window that is over."""
        if time.monotonic() < self._window_ends:
            return False
        too_slow = self._bytes < LEAST_BYTES
        self._window_ends = time.monotonic() + WINDOW_S
        self._bytes = 0
        return too_slow


class Places:
    """Limits how many threads wait for their clients at the same time.

    Args:
        total: In all.
        share: For one address at most.
    """

    def __init__(self, total: int, share: int) -> None:
        self._total = total
        self._share = share
        self._lock = threading.Lock()
        self._taken: Counter[str] = Counter()

    def take(self, address: str) -> bool:
        """Take a place for a client with this address; return whether there was one."""
        with self._lock:
            if self._taken.total() >= self._total or self._taken[address] >= self._share:
                return False
            self._taken[address] += 1
            return True

    def release(self, address: str) -> None:
        """Free a place."""
        with self._lock:
            self._taken[address] -= 1
            if not self._taken[address]:
                del self._taken[address]


class Place:
    """One client's place: taken when a thread first waits for it, kept until its request ends.

    An upload that has begun is not given up because others began meanwhile.
    """

    def __init__(self, places: Places, address: str) -> None:
        self._places = places
        self._address = address
        self._taken = False

    def take(self) -> bool:
        """Return whether the client has a place, taking one if it has none."""
        if not self._taken:
            self._taken = self._places.take(self._address)
        return self._taken

    def release(self) -> None:
        """Free the place, if it was taken."""
        if self._taken:
            self._taken = False
            self._places.release(self._address)
