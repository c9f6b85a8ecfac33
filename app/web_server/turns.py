"""Whose request is next: addresses take turns, and a crowd from one of them waits for itself."""

from __future__ import annotations

import time
from collections import defaultdict

from app.web_server.client_connection import ClientConnection

SHORT_S = 1.0
"""Requests that are older are not work but live views, or wait for something themselves."""


class Turns:
    """The requests that wait for a thread; the loop's alone, so without a lock.

    Args:
        at_once: How many may be worked on.
        share: How many of them may be of one address.
        short: How many of its share may be younger than a second. All threads of a process share
            one core, so with more of them everything else in it is slow and nothing is faster.
    """

    def __init__(self, at_once: int, share: int, short: int) -> None:
        self._at_once = at_once
        self._share = share
        self._short = short
        self._begun: defaultdict[str, dict[ClientConnection, float]] = defaultdict(dict)
        self._count = 0
        self._waiting: dict[str, dict[ClientConnection, None]] = {}

    def add(self, connection: ClientConnection) -> None:
        """Put a request behind the others of its address."""
        self._waiting.setdefault(connection.address, {})[connection] = None

    def begin(self) -> ClientConnection | None:
        """Take the next request that a thread may begin, of the address that waits longest."""
        if self._count >= self._at_once:
            return None
        for address, line in self._waiting.items():
            if self._may_begin(address):
                connection = next(iter(line))
                self.remove(connection)
                if line:  # behind the other addresses
                    self._waiting[address] = self._waiting.pop(address)
                self._begun[address][connection] = time.monotonic()
                self._count += 1
                return connection
        return None

    def _may_begin(self, address: str) -> bool:
        begun = self._begun.get(address, {})
        if len(begun) < self._short:
            return True
        recent = time.monotonic() - SHORT_S
        return len(begun) < self._share and (
            sum(began > recent for began in begun.values()) < self._short
        )

    def end(self, connection: ClientConnection) -> None:
        """Free the thread of a request that was begun."""
        begun = self._begun[connection.address]
        del begun[connection]
        self._count -= 1
        if not begun:
            del self._begun[connection.address]

    def remove(self, connection: ClientConnection) -> None:
        """Let a request wait no more, if it did."""
        line = self._waiting.get(connection.address, {})
        line.pop(connection, None)
        if not line:
            self._waiting.pop(connection.address, None)
