"""Clients that hold what they get: half requests, drips, and readers that do not read."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.attacks.site import ELSEWHERE, Site

_TICK_S = 1.0
_CONNECTS_A_TICK = 50


@dataclass(frozen=True)
class Kind:
    """How a client is slow.

    Attributes:
        name: For messages.
        opening: What it sends at once.
        drip: What it sends each second; nothing where empty.
        reads: Whether it takes answers; those that do not have a tiny buffer.
    """

    name: str
    opening: bytes
    drip: bytes = b""
    reads: bool = True


def _post(path: str, length: str, body: bytes, extra: str = "") -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: site\r\nContent-Type: application/json\r\n{length}\r\n"
        f"{extra}\r\n"
    )
    return head.encode() + body


LOGIN = "/api/v1/auth/login"
BUNDLE = b"GET /docs/assets/js/swagger-ui-bundle.js HTTP/1.1\r\nHost: site\r\n\r\n"
PAGE = b"GET /static/studio.css HTTP/1.1\r\nHost: site\r\n\r\n"
KINDS = (
    Kind("idle", b""),
    Kind("half head", b"GET /login HTTP/1.1\r\nHost: site\r\nX-Half: "),
    Kind("dripped head", b"GET /login HTTP/1.1\r\nHost: site\r\nX-Drip: ", b"x"),
    Kind("half body", _post(LOGIN, "Content-Length: 4000", b'{"email": "')),
    Kind("dripped body", _post(LOGIN, "Content-Length: 4000", b'{"email": "'), b"x"),
    Kind("half long body", _post("/runs/new", "Content-Length: 1500000", b"a=b")),
    Kind("half upload", _post("/benchmarks/own/new", "Content-Length: 90000000", b"a=b"), b"x"),
    Kind("half chunk", _post(LOGIN, "Transfer-Encoding: chunked", b"ff\r\n{")),
    Kind("dripped chunks", _post(LOGIN, "Transfer-Encoding: chunked", b""), b"1\r\nx\r\n"),
    Kind("slow reader", BUNDLE * 2, reads=False),
    Kind("pipelined", PAGE * 5 + b"GET /login HTTP/1.1\r\nHo", b"s", reads=False),
)


@dataclass
class Crowd:
    """So many slow clients of all kinds, for as long as the block lasts; who is cut comes again.

    Attributes:
        site: Whom they attack.
        size: How many at the same time.
        kinds: In turn.
        held: How many are connected now.
        cut: How many were closed by the server, by the kind's name.
    """

    site: Site
    size: int
    kinds: tuple[Kind, ...] = KINDS
    cut: dict[str, int] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._clients: dict[socket.socket, Kind] = {}
        self._selector = selectors.DefaultSelector()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._full = threading.Event()

    def __enter__(self) -> Crowd:
        self._thread.start()
        assert self._full.wait(60), f"{len(self._clients)} of {self.size} got in"
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(30)

    @property
    def held(self) -> int:
        """How many are connected."""
        return len(self._clients)

    def _run(self) -> None:
        try:
            while not self._over.is_set():
                self._fill()
                ends = time.monotonic() + _TICK_S
                while (left := ends - time.monotonic()) > 0:
                    for key, _ in self._selector.select(left):
                        self._read(key.fileobj)  # type: ignore[arg-type]
                self._drip()
        finally:
            for client in list(self._clients):
                self._drop(client)
            self._selector.close()

    def _fill(self) -> None:
        for number in range(_CONNECTS_A_TICK):
            if len(self._clients) >= self.size or sum(self.cut.values()) > self.size:
                self._full.set()  # also where the site keeps none of them
            if len(self._clients) >= self.size:
                return
            kind = self.kinds[(len(self._clients) + number) % len(self.kinds)]
            client = socket.socket()
            if not kind.reads:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            client.settimeout(5)
            with contextlib.suppress(OSError):
                client.bind((ELSEWHERE, 0))
                client.connect(("127.0.0.1", self.site.port))
                client.sendall(kind.opening)
                client.setblocking(False)
                self._clients[client] = kind
                if kind.reads:
                    self._selector.register(client, selectors.EVENT_READ)
                continue
            client.close()

    def _read(self, client: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            try:
                if client.recv(65536):
                    return
            except ConnectionError:
                pass
            self._note_cut(client)

    def _drip(self) -> None:
        for client, kind in list(self._clients.items()):
            if kind.drip:
                self._try(client, lambda c=client, k=kind: c.send(k.drip))  # type: ignore[misc]

    def _try(self, client: socket.socket, act: Callable[[], object]) -> None:
        try:
            act()
        except BlockingIOError:
            return
        except OSError:
            self._note_cut(client)

    def _note_cut(self, client: socket.socket) -> None:
        name = self._clients[client].name
        self.cut[name] = self.cut.get(name, 0) + 1
        self._drop(client)

    def _drop(self, client: socket.socket) -> None:
        if self._clients.pop(client).reads:
            self._selector.unregister(client)
        client.close()
