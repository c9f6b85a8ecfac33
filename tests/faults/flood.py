"""A provider that answers with a gigabyte: plain, announced, or compressed."""

from __future__ import annotations

import contextlib
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SIZE = 1 << 30
_BLOCK = b"\0" * (1 << 20)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        if b'"announced"' in body:
            self.send_header("Content-Length", str(SIZE))
        elif b'"gzip"' in body:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        blocks = _compressed() if b'"gzip"' in body else (_BLOCK for _ in range(SIZE >> 20))
        with contextlib.suppress(OSError):  # who caps the answer hangs up
            for block in blocks:
                self.wfile.write(block)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


def _compressed() -> Iterator[bytes]:
    packer = zlib.compressobj(1, wbits=zlib.MAX_WBITS | 16)
    for _ in range(SIZE >> 20):
        yield packer.compress(_BLOCK)
    yield packer.flush()


@contextmanager
def flood() -> Iterator[str]:
    """Serve, and give the base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join(5)
    server.server_close()
