"""Where gunicorn's parser reads a request from: what has arrived, then, in a thread, the client."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Iterator
from typing import Any

from gunicorn.http.errors import NoMoreData, ParseException
from gunicorn.http.unreader import Unreader
from werkzeug.exceptions import (
    BadRequest,
    ClientDisconnected,
    HTTPException,
    RequestTimeout,
    ServiceUnavailable,
)

from app.web_server.pace import ClientPace, Place

_WAIT_MS = 1000


class RequestSource(Unreader):  # type: ignore[misc]
    """Reads ``inbox`` first, and from the socket only what is not there yet.

    Args:
        sock: The client's socket, which never blocks.
        inbox: What the loop has received.
    """

    def __init__(self, sock: socket.socket, inbox: bytearray) -> None:
        super().__init__()
        self._sock = sock
        self._inbox = inbox
        self._pace: ClientPace | None = None
        self.place: Place | None = None

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Return the next bytes; none at the end.

        Raises:
            RequestTimeout: The client sends too slowly.
            ServiceUnavailable: Too many slow clients send at this moment.
        """
        if self._inbox:
            data = bytes(self._inbox)
            self._inbox.clear()
            return data
        if self.place is None:  # the loop parses a head, which is whole
            return b""
        return self._receive(min(max(size_hint or 0, 8192), 256 * 1024))

    def put_back(self) -> None:
        """Return what was read ahead to the inbox, for the body or the next request."""
        self._inbox[:0] = self.take_buffered()

    def _receive(self, size: int) -> bytes:
        if self._pace is None:
            self._pace = ClientPace()
        while True:
            if self._pace.is_too_slow():
                raise RequestTimeout("The body arrived too slowly.")
            try:
                data = self._sock.recv(size)
            except (BlockingIOError, InterruptedError):
                self._wait()
                continue
            self._pace.note(len(data))
            return data

    def _wait(self) -> None:
        if self.place is None or not self.place.take():
            raise ServiceUnavailable(
                "Too many slow uploads are under way. Try again in a minute.", retry_after=60
            )
        ready = select.poll()
        ready.register(self._sock, select.POLLIN)
        ready.poll(_WAIT_MS)


class RequestBody:
    """The body as the application reads it; what is wrong with it becomes an answer, not a crash.

    Args:
        body: gunicorn's.
        before: Called once before the first byte is read: the client may wait for that.
    """

    def __init__(self, body: Any, before: Callable[[], None]) -> None:
        self._body = body
        self._before: Callable[[], None] | None = before

    def _ask(self, method: str, *arguments: int | None) -> Any:
        try:
            if self._before is not None:
                before, self._before = self._before, None
                before()
            return getattr(self._body, method)(*arguments)
        except HTTPException:
            raise
        except NoMoreData:
            raise ClientDisconnected from None
        except ParseException:
            raise BadRequest("The body is not valid: its chunks are malformed.") from None
        except OSError:
            raise ClientDisconnected from None

    def read(self, size: int | None = None) -> bytes:
        """Return up to ``size`` bytes, or all."""
        return bytes(self._ask("read", size))

    def readline(self, size: int | None = None) -> bytes:
        """Return the next line."""
        return bytes(self._ask("readline", size))

    def readlines(self, size: int | None = None) -> list[bytes]:
        """Return all lines."""
        return list(self._ask("readlines", size))

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")
