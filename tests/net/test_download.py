"""Downloads, from a real server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.net.call_errors import CallError
from app.net.download import download
from app.net.guard import EgressPolicy

LOCAL = EgressPolicy(allow_private=True)


class _Files(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"question,answer\n" if self.path == "/data.csv" else b"gone"
        self.send_response(200 if self.path == "/data.csv" else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def files() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_file_is_written_as_it_is(files: str, tmp_path: Path) -> None:
    download(f"{files}/data.csv", tmp_path / "data.csv", LOCAL)
    assert (tmp_path / "data.csv").read_bytes() == b"question,answer\n"


def test_a_missing_file_is_an_error_and_writes_nothing(files: str, tmp_path: Path) -> None:
    with pytest.raises(CallError) as caught:
        download(f"{files}/other.csv", tmp_path / "other.csv", LOCAL)
    assert (caught.value.code, caught.value.status) == ("download_failed", 404)
    assert not (tmp_path / "other.csv").exists()


def test_private_addresses_are_not_reached_by_default(files: str, tmp_path: Path) -> None:
    with pytest.raises(CallError) as caught:
        download(f"{files}/data.csv", tmp_path / "data.csv")
    assert caught.value.code == "policy_block"
