"""Files from other servers: every wait has an end, and another thread can end them all.

A download may take long, so one deadline for all of it is not enough: connecting, each silence
and the whole are bounded, the whole by the size of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event
from typing import TypeVar, Unpack
from urllib.parse import urljoin, urlsplit

from app.net.call_errors import CallDetails, CallError
from app.net.guard import EgressPolicy, Resolver, check_url, resolve
from app.net.http import HttpSession, HttpStream, ProxyChoice
from app.net.retry import RetryPolicy, call_with_retries
from app.net.retry_after import parse_retry_after

MAX_BYTES = 8_000_000_000
MAX_DOCUMENT_BYTES = 32_000_000
_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_WORTH_A_RETRY = frozenset({408, 429, 500, 502, 503, 504})
_PAGE_STARTS = (b"<!doctype html", b"<html")

OnBytes = Callable[[int, int | None], None]
"""Told how many bytes of a file are here, and how many it has; ``None``: nobody says."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a download may wait.

    Attributes:
        connect_s: For each address of the host.
        silence_s: A server that sends nothing for so long is given up.
        answer_s: For the head of an answer and for a small document.
        bytes_per_s: A file that comes more slowly, all in all, is given up.
        retries: How often what may be a passing failure is tried again.
    """

    connect_s: float = 5.0
    silence_s: float = 10.0
    answer_s: float = 60.0
    bytes_per_s: float = 10_000.0
    retries: int = 2


DEADLINES = Deadlines()


class DownloadError(CallError):
    """A server did not give what was asked for.

    Codes besides those of :class:`HttpSession`: ``http_status``, and ``web_page`` for a page where
    data was expected: something else answers in the server's place.

    Attributes:
        host: Who answered, or did not: after redirects not always who was asked.
        headers: Of the answer, by name in any case; empty where none came.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        host: str,
        headers: Mapping[str, str] | None = None,
        **details: Unpack[CallDetails],
    ) -> None:
        super().__init__(code, message, **details)
        self.host = host
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Document:
    """A small document in memory, with the headers of the server that was asked."""

    headers: Mapping[str, str]
    body: bytes


class Downloader:
    """Fetches documents and files over kept connections. Thread-safe.

    Args:
        policy: What may be reached; public addresses only by default.
        deadlines: See there.
        proxy: See :class:`HttpSession`.
        resolver: Resolves host names.
    """

    def __init__(
        self,
        policy: EgressPolicy | None = None,
        deadlines: Deadlines = DEADLINES,
        proxy: ProxyChoice | None = None,
        resolver: Resolver = resolve,
    ) -> None:
        self._policy = policy or EgressPolicy()
        self._deadlines = deadlines
        self._closed = Event()
        self._session = HttpSession(
            self._policy,
            max_connections=2,
            connect_timeout_s=deadlines.connect_s,
            resolver=resolver,
            proxy=proxy,
        )

    def read(self, url: str, headers: Mapping[str, str] | None = None) -> Document:
        """Return a document of at most ``MAX_DOCUMENT_BYTES``.

        Raises:
            DownloadError: It cannot be had.
            Canceled: :meth:`close` was called.
        """
        return self._patiently(partial(self._read, url, headers or {}))

    def save(
        self,
        url: str,
        target: Path,
        on_bytes: OnBytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Mapping[str, str]:
        """Write a file to ``target`` and return the headers of the server that was asked.

        What a broken connection left of it is kept for the next try, which goes on there.

        Args:
            url: Complete address; redirects are followed, without credentials to other hosts.
            target: Its folder exists. What is there already is replaced.
            on_bytes: See there.
            headers: Of the request.

        Raises:
            DownloadError: It cannot be had.
            OSError: The file cannot be written.
            Canceled: :meth:`close` was called.
        """
        target.write_bytes(b"")
        return self._patiently(partial(self._save, url, target, on_bytes or _ignore, headers or {}))

    def close(self) -> None:
        """End all downloads under way; their threads get ``Canceled``."""
        self._closed.set()
        self._session.close()

    def _patiently(self, call: Callable[[], T]) -> T:
        policy = RetryPolicy(max_retries=self._deadlines.retries, max_retry_after_s=30.0)
        return call_with_retries(call, policy, self._closed)

    def _read(self, url: str, headers: Mapping[str, str]) -> Document:
        with self._answer(url, headers) as (stream, first_headers):
            body = bytearray()
            for part in stream.parts():
                body += part
                if len(body) > MAX_DOCUMENT_BYTES:
                    raise CallError("too_large", f"The answer of {_host(url)} is too long.")
            _check_whole(stream, len(body))
        return Document(first_headers, bytes(body))

    def _save(
        self, url: str, target: Path, on_bytes: OnBytes, headers: Mapping[str, str]
    ) -> Mapping[str, str]:
        here = target.stat().st_size
        if here:
            headers = {**headers, "Range": f"bytes={here}-"}
        with self._answer(url, headers) as (stream, first_headers):
            if stream.status != 206:
                here = 0
            length = stream.length
            if (length or 0) > MAX_BYTES:
                raise CallError("too_large", f"The file at {_host(url)} is too long.")
            expected = MAX_BYTES if length is None else length
            stream.end_in(self._deadlines.answer_s + expected / self._deadlines.bytes_per_s)
            begun = here
            with target.open("r+b") as file:
                file.seek(here)
                file.truncate()
                for part in stream.parts():
                    file.write(part)
                    here += len(part)
                    on_bytes(here, None if length is None else begun + length)
            _check_whole(stream, here - begun)
        return first_headers

    @contextmanager
    def _answer(
        self, url: str, headers: Mapping[str, str]
    ) -> Iterator[tuple[HttpStream, Mapping[str, str]]]:
        """Open the answer after all redirects, with the headers of the first one.

        Whatever fails, also while the block reads, names the host that failed.
        """
        asked_host = host = _host(url)
        first_headers: Mapping[str, str] | None = None
        for _ in range(_MOST_REDIRECTS + 1):
            host = _host(url)
            sent = headers if host == asked_host else _without_credentials(headers)
            try:
                check_url(url, self._policy)
                with self._session.stream(
                    url, sent, self._deadlines.answer_s, self._deadlines.silence_s
                ) as stream:
                    first_headers = first_headers or stream.headers
                    location = stream.headers.get("location")
                    if stream.status not in _REDIRECTS or not location:
                        _check_answer(stream, host)
                        yield stream, first_headers
                        return
            except DownloadError:
                raise
            except CallError as error:
                raise DownloadError(
                    error.code,
                    error.message,
                    host=host,
                    action=error.action,
                    retryable=error.retryable,
                    retry_after_s=error.retry_after_s,
                    status=error.status,
                ) from error
            url = _next_url(url, location)
        raise DownloadError("http_status", f"{host} redirects in a circle.", host=host)


def _check_answer(stream: HttpStream, host: str) -> None:
    """Check that data comes, and neither an error nor a page.

    Raises:
        DownloadError: ``http_status`` or ``web_page``.
    """
    status, headers = stream.status, stream.headers
    is_page = headers.get("content-type", "").lower().startswith("text/html")
    if status == 511 or (is_page and status < 400):
        raise web_page(host)
    if status not in (200, 206):
        raise DownloadError(
            "http_status",
            f"{host} answered with status {status}.",
            host=host,
            headers=headers,
            retryable=status in _WORTH_A_RETRY,
            retry_after_s=parse_retry_after(headers, datetime.now(UTC)),
            status=status,
        )


def web_page(host: str) -> DownloadError:
    """Return the error for a web page where data was expected."""
    return DownloadError(
        "web_page",
        f"A web page came in place of the data of {host}: the sign-in page of a network, or a "
        "proxy, answers for it.",
        host=host,
    )


def looks_like_page(start: bytes) -> bool:
    """Return whether a body that begins so is a web page."""
    return start.lstrip()[:16].lower().startswith(_PAGE_STARTS)


def _check_whole(stream: HttpStream, received: int) -> None:
    if stream.length is not None and received != stream.length:
        raise CallError("connection", "The answer ended too early.", retryable=True)


def _next_url(url: str, location: str) -> str:
    target = urljoin(url, location)
    if urlsplit(url).scheme == "https" and urlsplit(target).scheme != "https":
        host = _host(url)
        raise DownloadError(
            "policy_block", f"{host} redirects to an address without TLS.", host=host
        )
    return target


def _without_credentials(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {name: value for name, value in headers.items() if name.lower() != "authorization"}


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


def _ignore(_here: int, _all: int | None) -> None:
    """Take no notice of progress."""
