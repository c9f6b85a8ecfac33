"""Buffers an answer that the client does not read at once."""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Callable

from app.web_server.pace import ClientPace, Place

KEPT_BYTES = 1024 * 1024
"""So much of an answer is kept for a slow reader; the thread that wrote it is free meanwhile."""
ALL_KEPT_BYTES = 8 * 1024 * 1024
"""So much of all answers of the process."""


class OutletBudget:
    """Counts the bytes that all outlets of the process buffer."""

    def __init__(self, most: int = ALL_KEPT_BYTES) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept = 0

    def add(self, size: int) -> None:
        """Add to the count of buffered bytes (or subtract)."""
        with self._lock:
            self._kept += size

    def is_exceeded(self) -> bool:
        """Return whether more is buffered than allowed."""
        return self._kept > self._most


class Outlet:
    """Stands in for the socket in gunicorn's response.

    Threads call `sendall`; the loop calls `flush` when the client can take more, and `cut`.

    Args:
        sock: The client's socket, which never blocks.
        budget: Shared by all outlets of the process.
        watch: Asks the loop to call `flush` when the client can take more.
    """

    def __init__(
        self, sock: socket.socket, budget: OutletBudget, watch: Callable[[], None]
    ) -> None:
        self._sock = sock
        self._budget = budget
        self._watch = watch
        self._moved = threading.Condition()
        self._backlog: deque[memoryview] = deque()
        self._kept = 0
        self._pace = ClientPace()
        self._cut = False
        self.place: Place | None = None

    def sendall(self, data: bytes) -> None:
        """Send ``data`` or buffer it for the loop; waits only if too much is buffered.

        Raises:
            BrokenPipeError: The client has gone, or is too slow to be waited for.
        """
        with self._moved:
            self._refuse_if_cut()
            rest = memoryview(data)
            was_empty = not self._backlog
            if was_empty:
                rest = rest[self._send(rest) :]
                if not rest:
                    return
                self._pace = ClientPace()
            self._backlog.append(rest)
            self._count(len(rest))
        if was_empty:
            self._watch()
        with self._moved:
            self._wait_for_reader()

    def _wait_for_reader(self) -> None:
        while self._kept > KEPT_BYTES or (self._kept and self._budget.is_exceeded()):
            if self.place is None or not self.place.take():
                self._drop()
            self._refuse_if_cut()
            self._moved.wait(1.0)
        self._refuse_if_cut()

    def flush(self) -> bool:
        """Send what the client accepts now; return whether nothing is left.

        Raises:
            OSError: The client has gone.
        """
        with self._moved:
            while self._backlog:
                first = self._backlog[0]
                sent = self._send(first)
                if sent < len(first):
                    self._backlog[0] = first[sent:]
                    self._count(-sent)
                    break
                self._backlog.popleft()
                self._count(-sent)
            self._moved.notify_all()
            return not self._backlog

    def is_empty(self) -> bool:
        """Return whether the client has taken everything."""
        with self._moved:
            return not self._backlog

    def is_too_slow(self) -> bool:
        """Return whether the client reads too slowly."""
        with self._moved:
            return bool(self._backlog) and self._pace.is_too_slow()

    def cut(self) -> None:
        """Drop the client: nothing more is sent, and the writing thread gets an error."""
        with self._moved:
            self._drop()
            self._moved.notify_all()

    def _drop(self) -> None:
        self._cut = True
        self._count(-self._kept)
        self._backlog.clear()

    def _count(self, size: int) -> None:
        self._kept += size
        self._budget.add(size)

    def _send(self, data: memoryview) -> int:
        try:
            sent = self._sock.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        self._pace.note(sent)
        return sent

    def _refuse_if_cut(self) -> None:
        if self._cut:
            raise BrokenPipeError("the client has gone or reads too slowly")

    # What gunicorn asks of a socket besides

    def send(self, data: bytes) -> int:
        """Send all of ``data``."""
        self.sendall(data)
        return len(data)

    def gettimeout(self) -> float:
        """Return 0: an outlet never blocks."""
        return 0.0

    def setblocking(self, flag: bool) -> None:
        """Do nothing."""

    def shutdown(self, how: int) -> None:
        """Refuse: the loop ends connections."""
        raise OSError("the loop ends connections")

    def close(self) -> None:
        """Have the connection closed."""
        self.cut()
