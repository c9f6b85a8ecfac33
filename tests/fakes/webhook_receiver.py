"""A receiver of webhooks on this machine: keeps what comes in and answers what it is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Received:
    """A request that a receiver of webhooks got, ``at_s`` on the monotonic clock."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    at_s: float = field(default_factory=time.monotonic)


@dataclass(slots=True)
class Receiver:
    """A receiver of webhooks: what came in, and what it answers from now on."""

    url: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"thanks"
    received: list[Received] = field(default_factory=list)
    status_of: dict[str, int] = field(default_factory=dict)
    """What paths answer that do not answer ``status``."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Serve a receiver on a free port of the loopback."""
    state = Receiver("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.received.append(Received(self.path, headers, body))
            self.send_response(state.status_of.get(self.path, state.status))
            for name, value in state.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(state.body)))
            self.end_headers()
            self.wfile.write(state.body)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join(30)
        server.server_close()
