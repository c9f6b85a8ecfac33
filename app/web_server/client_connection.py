"""A client's connection: its received bytes, its stage and its deadlines."""

from __future__ import annotations

import enum
import socket
import time
from collections.abc import Callable
from typing import Any

from gunicorn.config import Config
from gunicorn.http.body import ChunkedReader, LengthReader
from gunicorn.http.errors import LimitRequestHeaders
from gunicorn.http.message import Request

from app.client_address import client_of
from app.web_server.chunks import ChunkScan
from app.web_server.outlet import Outlet, OutletBudget
from app.web_server.pace import Place, Places
from app.web_server.request_source import RequestBody, RequestSource

MAX_HEAD_BYTES = 32 * 1024
SHORT_BODY_BYTES = 16 * 1024
"""Bodies up to here are awaited outside the threads; longer ones by those the application lets in.

So the application must refuse longer bodies of strangers before it reads them.
"""
HEAD_S = 10.0
BODY_S = 20.0
LINGER_S = 3.0
_RECEIVE_BYTES = 16 * 1024
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Stage(enum.Enum):
    """What a connection waits for."""

    REQUEST = enum.auto()  # the client, to send the rest
    TURN = enum.auto()  # a thread that is free
    THREAD = enum.auto()  # a thread, to answer
    READER = enum.auto()  # the client, to take the rest of the answer
    CLOSE = enum.auto()  # the client, to close


class ClientConnection:
    """One client. All but the reading and writing of `RequestSource` and `Outlet` is the loop's.

    Attributes:
        sock: What gunicorn writes an answer to.
        socket: The real one.
        request: Its head, once that is there.
        failure: What is wrong with the head.
        address: Whom its slowness and its requests count for.
        deadline: When the loop gives it up in its stage.
        will_go_on: Whether another request may come after this answer.
    """

    def __init__(
        self,
        sock: socket.socket,
        client: Any,
        server: Any,
        cfg: Config,
        budget: OutletBudget,
        watch: Callable[[ClientConnection], None],
    ) -> None:
        sock.setblocking(False)
        self.socket = sock
        self.client = client
        self.address = (
            client_of(str(client[0])) if isinstance(client, tuple) and client else "local"
        )
        self.server = server
        self.sock = Outlet(sock, budget, lambda: watch(self))
        self.stage = Stage.REQUEST
        self.deadline = time.monotonic() + HEAD_S
        self.watched = 0
        self.request: Request | None = None
        self.failure: Exception | None = None
        self.will_go_on = False
        self._cfg = cfg
        self._inbox = bytearray()
        self._source = RequestSource(sock, self._inbox)
        self._searched = 0
        self._number = 0
        self._chunks = ChunkScan()
        self._body: Any = None
        self._is_long = False
        self._owes_continue = False

    @property
    def is_idle(self) -> bool:
        """Whether no byte of a request has arrived."""
        return self.request is None and not self._inbox

    def receive(self) -> bool:
        """Read the received bytes; return whether the client is still sending.

        Raises:
            OSError: The client has gone.
        """
        try:
            data = self.socket.recv(_RECEIVE_BYTES)
        except (BlockingIOError, InterruptedError):
            return True
        if data and self.is_idle:
            self.deadline = time.monotonic() + HEAD_S
        self._inbox += data
        return bool(data)

    def discard(self) -> bool:
        """Discard the received bytes; return whether the client is still sending."""
        try:
            return bool(self.socket.recv(4 * _RECEIVE_BYTES))
        except (BlockingIOError, InterruptedError):
            return True
        except OSError:
            return False

    def is_ready(self) -> bool:
        """Return whether a thread can start: on a complete request or on an invalid one."""
        if self.failure is not None:
            return True
        if self.request is None and not self._parse():
            return False
        return self._body_is_there()

    def _parse(self) -> bool:
        end = self._inbox.find(b"\r\n\r\n", self._searched)
        self._searched = max(0, len(self._inbox) - 3)
        if end < 0 and len(self._inbox) <= MAX_HEAD_BYTES:
            return False
        self._number += 1
        try:
            if end < 0 or end > MAX_HEAD_BYTES:
                raise LimitRequestHeaders("limit request headers size")
            request = Request(self._cfg, self._source, self.client, self._number)
        except Exception as error:  # noqa: BLE001 - whatever it is, a thread answers it
            self.failure = error
            return True
        self._source.put_back()
        self._take(request)
        return True

    def _take(self, request: Request) -> None:
        self.request = request
        self._body = request.body
        self._is_long = False
        self._owes_continue = request._expected_100_continue  # noqa: SLF001 - we answer it
        request._expected_100_continue = False  # noqa: SLF001
        request.body = RequestBody(self._body, self.send_continue)
        self._chunks = ChunkScan()
        self.deadline = time.monotonic() + BODY_S

    def _body_is_there(self) -> bool:
        if self.failure is not None:
            return True
        reader = self._body.reader
        if isinstance(reader, LengthReader):
            self._is_long = reader.length > SHORT_BODY_BYTES
            there = len(self._inbox) >= reader.length
        elif isinstance(reader, ChunkedReader):
            there = self._chunks.is_over(self._inbox)
            self._is_long = not there and len(self._inbox) > SHORT_BODY_BYTES
        else:
            return True
        return there or self._is_long

    def send_continue(self) -> None:
        """Send ``100 Continue`` to a client that waits for it.

        Raises:
            OSError: The client has gone, or has not read what came before.
        """
        if self._owes_continue:
            self._owes_continue = False
            # Past the outlet, which holds nothing between two answers: the loop must not wait.
            if self.socket.send(_CONTINUE) < len(_CONTINUE):
                raise BrokenPipeError("the client does not read")

    def begin_work(self, places: Places) -> None:
        """Prepare the connection for a thread."""
        self.stage = Stage.THREAD
        place = Place(places, self.address)
        self.sock.place = place
        if self._is_long and self.request is not None:
            self._source.place = place
            self.request.force_close()  # what is not read of it would be the next request

    def end_work(self, *, goes_on: bool) -> None:
        """Finish a thread's work; `will_go_on` then says whether another request may follow."""
        if self.sock.place is not None:
            self.sock.place.release()
        self._source.place = None
        usable = goes_on and self.failure is None and not self._is_long
        self.will_go_on = usable and self._body_is_read()

    def await_request(self) -> None:
        """Start over with the received bytes of the next request."""
        self._source.put_back()
        self.request = self._body = None
        self._searched = 0
        self.stage = Stage.REQUEST
        self.deadline = time.monotonic() + (HEAD_S if self._inbox else self._cfg.keepalive)

    def _body_is_read(self) -> bool:
        """Read the rest of a short body that the application left unread."""
        try:
            while self._body.read(SHORT_BODY_BYTES):
                pass
        except Exception:  # noqa: BLE001 - malformed: where the next request starts is unknown
            return False
        return not self._body.failed
