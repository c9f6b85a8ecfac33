"""The worker as gunicorn runs it, with a small application behind it."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from tests.queue_fixtures import die_with_tests

ROOT = Path(__file__).parents[2]
CONFIG = """\
import signal
from app.lifeline import die_with_parent
worker_class = "app.web_server.worker.PatientWorker"
threads = 8
keepalive = 2
sendfile = False
control_socket_disable = True
def post_fork(server, worker):
    die_with_parent(signal.SIGKILL)
"""


class Server:
    """gunicorn with one process of eight threads."""

    def __init__(self, folder: Path, more: str = "") -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._config = folder / "conf.py"
        self._config.write_text(CONFIG + more)
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "gunicorn", "-c", str(self._config)]
        process = subprocess.Popen(
            [*command, "-b", f"127.0.0.1:{self.port}", "tests.web_server.echo:app"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            preexec_fn=die_with_tests,
        )
        deadline = time.monotonic() + 60
        while True:
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", self.port)) == 0:
                    return process
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def talk(self, *pieces: bytes, wait_s: float = 0.0) -> bytes:
        """Send pieces, and return all that comes until the server closes."""
        with closing(self.connect()) as client:
            for piece in pieces:
                client.sendall(piece)
                time.sleep(wait_s)
            return read_all(client)

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        address = ("127.0.0.1", self.port)
        return socket.create_connection(address, timeout=60, source_address=(source, 0))


def read_all(client: socket.socket) -> bytes:
    found = b""
    while data := client.recv(65536):
        found += data
    return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("server"))
    yield running
    running.process.terminate()
    running.process.wait(120)


def _post(path: str, body: bytes, *headers: str, length: int | None = None) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: s", *headers]
    if not any(line.startswith("Transfer-Encoding") for line in headers):
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode() + body


CLOSE = "Connection: close"


def test_a_request_in_pieces_is_put_together(server: Server) -> None:
    whole = _post("/", b"abcdef", CLOSE)
    pieces = [whole[at : at + 7] for at in range(0, len(whole), 7)]
    assert server.talk(*pieces, wait_s=0.01).endswith(b"read 6")


def test_no_client_says_where_the_application_is_mounted(server: Server) -> None:
    """Another path would reach the application than a proxy in front has let through."""
    moved = server.talk(_post("/a/refuse", b"", CLOSE, "SCRIPT_NAME: /a"))
    assert (moved[9:12], moved[-6:]) == (b"200", b"read 0")
    assert server.talk(_post("/", b"", CLOSE, "SCRIPT_NAME: /x")).startswith(b"HTTP/1.1 200")


def test_no_client_says_by_which_scheme_it_came(server: Server) -> None:
    for value in ("https", "http"):
        answer = server.talk(_post("/scheme", b"", CLOSE, f"X-Forwarded-Proto: {value}"))
        assert answer.endswith(b"http")


@pytest.mark.parametrize("size", [0, 1, 16_384, 16_385, 3_000_000])
def test_bodies_of_any_length_are_read_whole(server: Server, size: int) -> None:
    body = b"b" * size
    assert server.talk(_post("/", body, CLOSE)).endswith(b"read %d" % size)
    chunk = b"%x\r\n%b\r\n" % (size, body) if size else b""
    chunked = _post("/", chunk + b"0\r\n\r\n", CLOSE, "Transfer-Encoding: chunked")
    assert server.talk(chunked).endswith(b"read %d" % size)


def test_requests_in_a_row_are_answered_in_a_row(server: Server) -> None:
    short = _post("/", b"abc") + _post("/ignore", b"ignored by the application")
    chunked = _post("/", b"2\r\nab\r\n0\r\n\r\n", "Transfer-Encoding: chunked")
    answer = server.talk(short + chunked + _post("/", b"last", CLOSE))
    assert answer.count(b"HTTP/1.1 200 OK") == 4
    assert answer.index(b"read 3") < answer.index(b"ignored") < answer.index(b"read 2")
    assert answer.endswith(b"read 4")


def test_a_body_is_not_taken_for_the_next_request(server: Server) -> None:
    smuggled = b"GET /much HTTP/1.1\r\nHost: s\r\n\r\n"
    answer = server.talk(_post("/ignore", smuggled) + _post("/", b"end", CLOSE))
    assert answer.count(b"HTTP/1.1 200") == 2
    answer = server.talk(_post("/ignore", smuggled * 1000))  # a long one: the connection closes
    assert answer.count(b"HTTP/1.1 200") == 1
    assert b"Connection: close" in answer


def test_who_waits_for_leave_to_send_gets_it_unless_refused(server: Server) -> None:
    for size in (10, 100_000):
        with closing(server.connect()) as client:
            client.sendall(_post("/", b"", CLOSE, "Expect: 100-continue", length=size))
            assert client.recv(1024) == b"HTTP/1.1 100 Continue\r\n\r\n"
            client.sendall(b"x" * size)
            assert read_all(client).endswith(b"read %d" % size)
    with closing(server.connect()) as client:
        client.sendall(_post("/refuse", b"", CLOSE, "Expect: 100-continue", length=100_000))
        assert client.recv(1024).startswith(b"HTTP/1.1 413 ")


def test_who_asks_for_leave_to_send_and_goes_ends_nothing(server: Server) -> None:
    before = _processes(server)
    with closing(server.connect()) as client:
        asks = _post("/", b"", "Expect: 100-continue", length=10)
        client.sendall(b"GET /late HTTP/1.1\r\nHost: s\r\n\r\n" + asks)
        answer = b""
        while not answer.endswith(b"late"):
            answer += client.recv(1024)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # resets
    # Answered after the other is done: what that did to the process has happened.
    late = b"GET /late HTTP/1.1\r\nHost: s\r\nConnection: close\r\n\r\n"
    assert server.talk(late).endswith(b"late")
    assert server.talk(_post("/", b"abc", CLOSE)).endswith(b"read 3")
    assert _processes(server) == before


def _processes(server: Server) -> set[int]:
    return {child.pid for child in psutil.Process(server.process.pid).children()}


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: s\r\nBad Header: x\r\n\r\n", b"400"),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: s\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nHost: s\r\nX: " + b"a" * 40_000, b"431"),
        (_post("/", b"zz\r\n", "Transfer-Encoding: chunked"), b"400"),
        (_post("/", b"2\r\nabX", "Transfer-Encoding: chunked") + b"Y" * 20_000, b"400"),
    ],
)
def test_what_is_malformed_is_refused(server: Server, request_: bytes, status: bytes) -> None:
    assert server.talk(request_).startswith(b"HTTP/1.1 " + status)


def test_answers_longer_than_a_reader_takes_at_once_arrive_whole(server: Server) -> None:
    with closing(server.connect()) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.sendall(_post("/much", b"") + _post("/", b"abc", CLOSE))
        time.sleep(1)
        answer = read_all(client)
    assert answer.count(b"m" * 5_000_000) == 1
    assert answer.endswith(b"read 3")


def test_half_requests_hold_no_thread(server: Server) -> None:
    """Ten times as many as there are threads, of each kind."""
    halves = (b"GET / HT", _post("/", b"abc", length=100), b"")
    clients = [server.connect() for _ in range(80) for _ in halves]
    for client, half in zip(clients, halves * 80, strict=True):
        client.sendall(half)
    assert server.talk(_post("/", b"abc", CLOSE)).endswith(b"read 3")
    for client in clients:
        client.close()


def test_long_half_bodies_hold_a_part_of_the_threads(server: Server) -> None:
    clients = [server.connect() for _ in range(20)]
    for client in clients:
        client.sendall(_post("/", b"x" * 20_000, length=1_000_000))
    assert server.talk(_post("/", b"abc", CLOSE)).endswith(b"read 3")
    refused = [client for client in clients if _is_refused(client)]
    assert len(refused) >= 18
    for client in clients:
        client.close()


def _is_refused(client: socket.socket) -> bool:
    client.settimeout(3)
    try:
        return client.recv(1024).startswith(b"HTTP/1.1 503 ")
    except TimeoutError:
        return False


def test_an_address_has_half_of_the_connections_and_loses_its_own(tmp_path: Path) -> None:
    running = Server(tmp_path, "worker_connections = 40\n")
    try:
        first = running.connect("127.0.0.3")
        first.sendall(b"GET / HT")
        crowd = [running.connect("127.0.0.2") for _ in range(30)]
        for client in crowd[:10]:
            assert client.recv(1) == b""  # the oldest of its crowd
        for client in (first, *crowd[10:]):
            client.sendall(
                b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
                if client is not first
                else b"TP/1.1\r\nHost: x\r\n\r\n"
            )
            assert client.recv(12) == b"HTTP/1.1 200"
        for client in (first, *crowd):
            client.close()
    finally:
        running.process.terminate()
        running.process.wait(120)


def test_a_half_request_is_told_that_it_is_too_late(server: Server) -> None:
    began = time.monotonic()
    assert server.talk(b"GET / HTTP/1.1\r\nHost").startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - began > 8


def test_a_request_under_way_is_answered_when_the_server_stops(tmp_path: Path) -> None:
    server = Server(tmp_path)
    with closing(server.connect()) as client:
        whole = _post("/", b"abcdef")
        client.sendall(whole[:-3])
        time.sleep(1)
        server.process.terminate()
        time.sleep(0.5)
        client.sendall(whole[-3:])
        assert read_all(client).endswith(b"read 6")
    assert server.process.wait(120) == 0


def test_workers_end_with_a_killed_master_and_leave_the_port(tmp_path: Path) -> None:
    server = Server(tmp_path)
    with closing(server.connect()) as client:
        client.sendall(_post("/", b"", length=100_000))  # a thread waits for it
        deadline = time.monotonic() + 30
        while not (workers := psutil.Process(server.process.pid).children()):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(0.5)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait(120)
        psutil.wait_procs(workers, timeout=30)
    assert not any(worker.is_running() for worker in workers)
    server.process = server.start()
    assert server.talk(_post("/", b"abc", CLOSE)).endswith(b"read 3")
    server.process.terminate()
    server.process.wait(120)
