"""Aborts calls at their deadline, whatever they are waiting for.

Socket timeouts bound one read, so a server that sends a byte now and then holds a call for
ever. One thread per session looks at all open calls and shuts down what is late.
"""

from __future__ import annotations

import threading
import time
from typing import Literal, Protocol

from app.net.call_errors import Canceled

Cut = Literal["deadline", "closed"]
_LOOK_EVERY_S = 0.1


class Cuttable(Protocol):
    """A connection that another thread can end."""

    def cut(self) -> None:
        """End whatever the connection is waiting for."""
        ...

    def leave(self) -> None:
        """Take note that the call is over."""
        ...


class OpenCall:
    """An open call.

    Attributes:
        deadline: ``time.monotonic()`` at which it is ended.
        connection: What it goes through; ``None`` until there is one.
        cut: Why it was ended; ``None`` while it was not.
    """

    __slots__ = ("connection", "cut", "deadline")

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.connection: Cuttable | None = None
        self.cut: Cut | None = None


class Watchdog:
    """Tracks the open calls of a session and aborts late ones from a thread."""

    def __init__(self) -> None:
        self._calls: set[OpenCall] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self, deadline: float) -> OpenCall:
        """Register a call that is aborted at ``deadline``; always :meth:`close` it.

        Raises:
            Canceled: :meth:`stop` was called.
        """
        call = OpenCall(deadline)
        with self._lock:
            if self._stopped.is_set():
                raise Canceled
            self._calls.add(call)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
                self._thread.start()
        return call

    def close(self, call: OpenCall) -> None:
        """Unregister a call, whose connection may be reused from now on."""
        with self._lock:
            self._calls.discard(call)
            if call.connection is not None:
                call.connection.leave()

    def stop(self) -> None:
        """End all open calls and the thread."""
        self._stopped.set()
        with self._lock:
            for call in self._calls:
                _end(call, "closed")

    def _run(self) -> None:
        while not self._stopped.wait(_LOOK_EVERY_S):
            now = time.monotonic()
            with self._lock:
                for call in self._calls:
                    if now > call.deadline:
                        _end(call, "deadline")


def _end(call: OpenCall, why: Cut) -> None:
    call.cut = call.cut or why
    if call.connection is not None:
        call.connection.cut()
