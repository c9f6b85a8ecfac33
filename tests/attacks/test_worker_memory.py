"""A model whose answers are as large as they can be, over as many connections as there can be."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.attacks.site import Site
from tests.attacks.watch import Watch
from tests.faults.provider import Provider

CONNECTIONS = 256


BRACKETS = b'{"choices": [' + b"[]," * 1_200_000 + b"[]]}"


@pytest.fixture
def bracket_server() -> Iterator[str]:
    """A server that answers with what needs much memory as a value, and little as text."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(BRACKETS)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(BRACKETS)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.mark.parametrize(
    ("answer_bytes", "samples", "ends"),
    [(9_500_000, 256, "failed"), (1_500_000, 128, "completed")],
    ids=["larger than is read", "large"],
)
def test_large_answers_over_many_connections(
    site: Site, watch: Watch, provider: Provider, answer_bytes: int, samples: int, ends: str
) -> None:
    provider.control(answer="x" * answer_bytes)
    ada = site.account("ada", timeout_s=300)
    run_id = ada.submit(samples, max_connections=CONNECTIONS, timeout_s=300)
    run = ada.wait_for_end(run_id, 300)
    assert run["status"] == ends, run["error"]
    if ends == "failed":
        assert run["error"]["code"] == "too_large"
        assert "bytes" in run["error"]["message"]
    else:
        assert run["counts"]["done"] == samples
        assert run["counts"]["error"] == 0


def test_json_that_needs_thirty_times_its_size(
    site: Site, watch: Watch, bracket_server: str
) -> None:
    ada = site.account("ada", base_url=bracket_server)
    run_id = ada.submit(100, max_connections=64)
    run = ada.wait_for_end(run_id, 300)
    assert run["status"] == "failed"
