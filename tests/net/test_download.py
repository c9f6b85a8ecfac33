"""Downloads, from real servers."""

from __future__ import annotations

import contextlib
import errno
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from app.net.call_errors import Canceled
from app.net.download import Deadlines, Downloader, DownloadError, looks_like_page
from app.net.guard import EgressPolicy
from app.net.proxies import proxy_choice

LOCAL = EgressPolicy(allow_private=True)
QUICK = Deadlines(connect_s=1.0, silence_s=0.5, answer_s=1.5, bytes_per_s=1e6, retries=1)
BODY = b"question,answer\n" * 8_000


class _Files(BaseHTTPRequestHandler):
    """A server with good files and bad manners; counts what it is asked."""

    asked: ClassVar[list[str]]
    over: ClassVar[threading.Event]
    elsewhere: ClassVar[str] = ""
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.asked.append(f"{self.path} {self.headers.get('Authorization')}")
        name = self.path.rpartition("/")[2]
        handle = getattr(self, f"_{name.partition('.')[0]}", None)
        if handle is None:
            self._answer(404, b"gone")
        else:
            handle()

    def _data(self) -> None:
        self._answer(200, BODY)

    def _page(self) -> None:
        self._answer(200, b"<p>Sign in", ("Content-Type", "text/html"))

    def _circle(self) -> None:
        self._answer(302, b"", ("Location", "/circle"))

    def _moved(self) -> None:
        self._answer(307, b"", ("Location", f"{self.elsewhere}/data.csv"))

    def _busy(self) -> None:
        first = sum(line.startswith("/busy") for line in self.asked) == 1
        self._answer(*((503, b"") if first else (200, BODY)))

    def _slow(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        with contextlib.suppress(OSError):
            while not self.over.wait(0.1):
                self.wfile.write(b"x")

    def _answer(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Take no notice of those who leave early."""


@contextlib.contextmanager
def serving(**values: object) -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    over = threading.Event()
    handler = type("Handler", (_Files,), {"asked": asked, "over": over, **values})
    server = _Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    over.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def files() -> Iterator[str]:
    with serving() as (address, _):
        yield address


@pytest.fixture
def downloader() -> Iterator[Downloader]:
    one = Downloader(LOCAL, QUICK)
    yield one
    one.close()


def refusal(downloader: Downloader, url: str, target: Path) -> DownloadError:
    with pytest.raises(DownloadError) as caught:
        downloader.save(url, target)
    return caught.value


def test_a_file_is_written_as_it_is_and_counted(
    files: str, tmp_path: Path, downloader: Downloader
) -> None:
    told: list[tuple[int, int | None]] = []
    target = tmp_path / "data.csv"
    downloader.save(f"{files}/data.csv", target, lambda here, total: told.append((here, total)))
    assert target.read_bytes() == BODY
    assert told[-1] == (len(BODY), len(BODY))
    assert len(told) > 1


def test_a_missing_file_is_an_error(files: str, tmp_path: Path, downloader: Downloader) -> None:
    error = refusal(downloader, f"{files}/other.csv", tmp_path / "other.csv")
    assert (error.code, error.status) == ("http_status", 404)


def test_private_addresses_are_not_reached_by_default(files: str, tmp_path: Path) -> None:
    error = refusal(Downloader(deadlines=QUICK), f"{files}/data.csv", tmp_path / "data.csv")
    assert error.code == "policy_block"


def test_a_redirect_is_followed_without_the_key(tmp_path: Path, downloader: Downloader) -> None:
    with serving() as (there, seen), serving(elsewhere=there) as (here, _):
        key = {"Authorization": "Bearer key-of-the-hub"}
        downloader.save(f"{here}/moved", tmp_path / "data.csv", headers=key)
        assert seen == ["/data.csv None"]
    assert (tmp_path / "data.csv").read_bytes() == BODY


def test_a_redirect_to_nowhere_names_the_host(tmp_path: Path, downloader: Downloader) -> None:
    with serving(elsewhere="http://127.0.0.1:9") as (here, _):
        error = refusal(downloader, f"{here}/moved", tmp_path / "data.csv")
    assert (error.host, error.code) == ("127.0.0.1:9", "policy_block")


@pytest.mark.parametrize("url", ["http://169.254.169.254/latest", "file:///etc/passwd"])
def test_a_redirect_cannot_lead_to_what_nobody_may_reach(
    tmp_path: Path, downloader: Downloader, url: str
) -> None:
    with serving(elsewhere=url.removesuffix("/data.csv")) as (here, _):
        error = refusal(downloader, f"{here}/moved", tmp_path / "data.csv")
    assert error.code in ("policy_block", "bad_url")


def test_a_circle_of_redirects_ends(files: str, tmp_path: Path, downloader: Downloader) -> None:
    error = refusal(downloader, f"{files}/circle", tmp_path / "data.csv")
    assert "redirects in a circle" in error.message


def test_a_web_page_is_no_data(files: str, tmp_path: Path, downloader: Downloader) -> None:
    assert refusal(downloader, f"{files}/page", tmp_path / "data.csv").code == "web_page"


@pytest.mark.parametrize(
    ("start", "page"),
    [
        (b"<!DOCTYPE html>", True),
        (b"\r\n <html lang='en'>", True),
        (b'{"a": "<html>"}', False),
        (b"PAR1", False),
        (b"", False),
    ],
)
def test_a_page_is_known_by_its_beginning(start: bytes, page: bool) -> None:
    assert looks_like_page(start) is page


def test_a_passing_failure_is_tried_again(tmp_path: Path, downloader: Downloader) -> None:
    with serving() as (here, asked):
        downloader.save(f"{here}/busy", tmp_path / "data.csv")
        assert len(asked) == 2


def test_a_server_that_drips_is_given_up(
    files: str, tmp_path: Path, downloader: Downloader
) -> None:
    error = refusal(downloader, f"{files}/slow", tmp_path / "data.csv")
    assert (error.code, error.retryable) == ("timeout", False)
    assert "too slow" in error.message


def test_a_file_that_cannot_be_written_is_no_fault_of_the_server(
    files: str, tmp_path: Path, downloader: Downloader
) -> None:
    def full(_here: int, _total: int | None) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        downloader.save(f"{files}/data.csv", tmp_path / "data.csv", full)


def test_close_ends_a_download(files: str, tmp_path: Path) -> None:
    patient = Downloader(LOCAL, Deadlines(answer_s=600.0))
    ended: list[Canceled] = []

    def work() -> None:
        try:
            patient.save(f"{files}/slow", tmp_path / "data.csv")
        except Canceled as error:
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    while not (tmp_path / "data.csv").exists():
        time.sleep(0.01)
    time.sleep(0.1)
    began = time.monotonic()
    patient.close()
    thread.join(timeout=20)
    assert len(ended) == 1
    assert time.monotonic() - began < 2


# Through a proxy


class _Proxy(_Files):
    """Answers for every host, as a proxy for plain HTTP does; refuses tunnels."""

    def do_CONNECT(self) -> None:
        self.asked.append(f"CONNECT {self.path} {self.headers.get('Proxy-Authorization')}")
        self._answer(407, b"")
        self.close_connection = True


def test_a_proxy_is_asked_for_all_but_this_machine_and_what_is_named(tmp_path: Path) -> None:
    asked: list[str] = []
    handler = type("Proxy", (_Proxy,), {"asked": asked, "over": threading.Event()})
    server = _Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        address = f"http://me:pass%20word@127.0.0.1:{server.server_address[1]}"
        through = Downloader(
            deadlines=QUICK, proxy=proxy_choice(address, "direct.example, .inside.example")
        )
        through.save("http://hub.example/data.csv", tmp_path / "data.csv")
        assert (tmp_path / "data.csv").read_bytes() == BODY
        assert asked == ["http://hub.example/data.csv None"]
        error = refusal(through, "https://hub.example/data.csv", tmp_path / "data.csv")
        assert error.code == "connection"
        assert asked[1] == "CONNECT hub.example:443 Basic bWU6cGFzcyB3b3Jk"
    finally:
        server.shutdown()
        server.server_close()


def test_some_hosts_are_reached_without_the_proxy() -> None:
    choose = proxy_choice("http://proxy:3128", "direct.example, .inside.example")
    assert choose is not None
    assert choose("https", "hub.example") == "http://proxy:3128"
    for host in ("direct.example", "a.inside.example", "127.0.0.1", "localhost"):
        assert choose("https", host) is None
    assert proxy_choice(None, "") is None
