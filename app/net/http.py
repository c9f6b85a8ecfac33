"""Outgoing HTTP: guarded, bounded in time and size, and cheap.

urllib3's pools are used directly: they are the engine of ``requests``, whose layers above
them cost as much again per call. No redirects, no cookies, no proxies from the environment.
"""

from __future__ import annotations

import ssl
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import certifi
from urllib3 import BaseHTTPResponse, HTTPConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationParseError,
    LocationValueError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.util import Timeout

from app.net.byte_budget import UNBOUNDED, Hold
from app.net.call_errors import CallError, Canceled
from app.net.guard import (
    EgressPolicy,
    GuardedHttpPool,
    GuardedHttpsPool,
    Resolver,
    bad_url,
    current,
    effective_port,
    resolve,
    split_url,
)
from app.net.watchdog import OpenCall, Watchdog

_CHUNK_BYTES = 65_536
_SMALL_BYTES = 65_536
BYTES_PER_BYTE = 4
"""What a body takes while it is read: itself, its text, and what is made of it."""


@dataclass(frozen=True, slots=True)
class HttpReply:
    """A complete answer.

    Attributes:
        status: The HTTP status; redirects are not followed, so it may be 3xx.
        headers: By name, in any case.
        body: Decoded bytes.
        elapsed_s: From the first byte sent to the last one received.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed_s: float


class HttpSession:
    """A pool of keep-alive connections under one egress policy. Thread-safe.

    Args:
        policy: What may be reached; checked whenever a connection is opened.
        max_connections: How many connections per host are kept; as many as there are threads.
        connect_timeout_s: For each address of the host.
        max_bytes: The most that a decoded body may have.
        resolver: Resolves host names.
        ca_file: Certificates to trust besides the system's and Mozilla's.
    """

    def __init__(
        self,
        policy: EgressPolicy,
        *,
        max_connections: int = 10,
        connect_timeout_s: float = 5.0,
        max_bytes: int = 10_000_000,
        resolver: Resolver = resolve,
        ca_file: str | None = None,
    ) -> None:
        self._policy = policy
        self._max_connections = max_connections
        self._connect_timeout_s = connect_timeout_s
        self._max_bytes = max_bytes
        self._resolver = resolver
        self._ca_file = ca_file
        self._routes: dict[str, tuple[HTTPConnectionPool, str]] = {}
        self._pools: dict[tuple[str, str, int], HTTPConnectionPool] = {}
        self._lock = threading.Lock()
        self._watchdog = Watchdog()

    def post_json(
        self,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        timeout_s: float,
        hold: Hold | None = None,
    ) -> HttpReply:
        """Send ``body`` as JSON and return the answer, whatever its status.

        Args:
            url: Complete address.
            headers: Besides ``Content-Type``, which is set here.
            body: Exactly these bytes are sent.
            timeout_s: Until the last byte of the answer, connecting included.
            hold: Counts the answer, which waits for room where it is large. The caller
                releases it when the answer is no longer in memory.

        Raises:
            CallError: ``timeout``, ``connection``, ``tls``, ``too_large``, ``bad_encoding``,
                ``policy_block``, ``bad_url`` or ``bad_header``.
            Canceled: The session was closed meanwhile.
        """
        headers = {"Content-Type": "application/json", **headers}
        return self._call("POST", url, headers, body, timeout_s, hold)

    def get_json(self, url: str, headers: Mapping[str, str], timeout_s: float) -> HttpReply:
        """Fetch ``url``; everything else as in :meth:`post_json`."""
        return self._call("GET", url, {"Accept": "application/json", **headers}, None, timeout_s)

    def close(self) -> None:
        """End the calls under way (their threads get ``Canceled``) and close everything."""
        self._watchdog.stop()
        with self._lock:
            self._routes.clear()
            for pool in self._pools.values():
                pool.close()

    def _call(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None,
        timeout_s: float,
        hold: Hold | None = None,
    ) -> HttpReply:
        pool, target = self._routes.get(url) or self._route(url)
        # Ours is sent instead of urllib3's longer one: gzip alone can be capped while decoding.
        headers.setdefault("Accept-Encoding", "gzip")
        headers.setdefault("User-Agent", "OpenBench-Studio")
        started = time.monotonic()
        call = self._watchdog.open(started + timeout_s)
        current.call = call
        room = _Room(hold or UNBOUNDED.hold(), self._max_bytes, call)
        try:
            reply = self._exchange(pool, method, target, headers, body, timeout_s, room)
            if call.cut:
                raise HTTPError
            return HttpReply(*reply, time.monotonic() - started)
        except (HTTPError, OSError) as error:
            raise self._failure(error, call, pool, timeout_s) from error
        except ValueError:
            # http.client quotes the header that it refuses, which may be a key.
            raise CallError("bad_header", "A header of the request cannot be sent.") from None
        finally:
            current.call = None
            self._watchdog.close(call)

    def _exchange(
        self,
        pool: HTTPConnectionPool,
        method: str,
        target: str,
        headers: dict[str, str],
        body: bytes | None,
        timeout_s: float,
        room: _Room,
    ) -> tuple[int, Mapping[str, str], bytes]:
        response = pool.urlopen(
            method,
            target,
            body=body,
            headers=headers,
            retries=False,
            redirect=False,
            assert_same_host=False,
            timeout=Timeout(connect=min(self._connect_timeout_s, timeout_s), read=timeout_s),
            preload_content=False,
            decode_content=False,
        )
        try:
            return response.status, response.headers, self._read(response, room)
        except BaseException:
            response.close()
            raise
        finally:
            response.release_conn()

    def _read(self, response: BaseHTTPResponse, room: _Room) -> bytes:
        length = _exact_length(response)
        room.check(length or 0)
        encoding = response.headers.get("content-encoding", "identity").lower()
        if encoding in ("", "identity"):
            if length is not None:
                room.expect(length)
                return response.read(decode_content=False)
            return self._read_plain(response, room)
        if encoding in ("gzip", "x-gzip", "deflate"):
            return self._read_compressed(response, encoding, room)
        raise CallError("bad_encoding", f"The server sent an unknown encoding: {encoding[:20]}.")

    def _read_plain(self, response: BaseHTTPResponse, room: _Room) -> bytes:
        parts = bytearray()
        while chunk := response.read(_CHUNK_BYTES, decode_content=False):
            parts += chunk
            room.grow(len(parts))
        return room.settle(parts)

    def _read_compressed(self, response: BaseHTTPResponse, encoding: str, room: _Room) -> bytes:
        decoder = zlib.decompressobj(zlib.MAX_WBITS | 32 if "gzip" in encoding else zlib.MAX_WBITS)
        parts = bytearray()
        try:
            while chunk := response.read(_CHUNK_BYTES, decode_content=False):
                if decoder.eof:  # what follows the end is dropped, and the connection with it
                    response.close()
                    break
                for piece in _inflated(decoder, chunk):
                    parts += piece
                    room.grow(len(parts))
        except zlib.error as error:
            raise CallError("bad_encoding", "The answer could not be decompressed.") from error
        if not decoder.eof:
            raise CallError("connection", "The answer ended too early.", retryable=True)
        return room.settle(parts)

    def _route(self, url: str) -> tuple[HTTPConnectionPool, str]:
        parts = split_url(url)
        host, port = str(parts.hostname), effective_port(parts)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        with self._lock:
            key = (parts.scheme, host, port)
            pool = self._pools.get(key)
            if pool is None:
                try:
                    pool = self._pools[key] = self._make_pool(*key)
                except (LocationParseError, LocationValueError) as error:
                    raise bad_url("the host name is malformed") from error
            if len(self._routes) > 100:
                self._routes.clear()
            self._routes[url] = (pool, target)
        return pool, target

    def _make_pool(self, scheme: str, host: str, port: int) -> HTTPConnectionPool:
        options: dict[str, Any] = {
            "maxsize": self._max_connections,
            "policy": self._policy,
            "resolver": self._resolver,
        }
        name = f"[{host}]" if ":" in host else host
        if scheme == "http":
            return GuardedHttpPool(name, port, **options)
        return GuardedHttpsPool(name, port, ssl_context=_tls_context(self._ca_file), **options)

    def _failure(
        self,
        error: Exception,
        call: OpenCall,
        pool: HTTPConnectionPool,
        timeout_s: float,
    ) -> CallError | Canceled:
        if call.cut == "closed":
            return Canceled()
        late = (ReadTimeoutError, ConnectTimeoutError, TimeoutError)
        if call.cut == "deadline" or isinstance(error, late):
            return CallError(
                "timeout",
                f"No answer from {pool.host} in {timeout_s:g} s.",
                action="Check the URL, a firewall and the timeout.",
                retryable=True,
            )
        if isinstance(error, SSLError | ssl.SSLError):
            untrusted = "CERTIFICATE_VERIFY_FAILED" in str(error)
            return CallError(
                "tls",
                f"The TLS connection to {pool.host} failed"
                + (": its certificate is not trusted." if untrusted else "."),
                action="Check the URL and the server's certificate.",
                retryable=not untrusted,
            )
        return CallError(
            "connection",
            f"{pool.host} closed the connection without a complete answer.",
            action="Check the URL, and that the server is running.",
            retryable=True,
        )


@lru_cache(maxsize=4)
def _tls_context(ca_file: str | None) -> ssl.SSLContext:
    """Return one context for all connections: making it takes 20 ms of CPU and a megabyte."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


class _Room:
    """Reserves the memory of an answer before it is read.

    A body of unknown length counts as the longest that is allowed, once it is no small one.
    """

    def __init__(self, hold: Hold, max_bytes: int, call: OpenCall) -> None:
        self._hold = hold
        self._max_bytes = max_bytes
        self._call = call
        self._allowed = _SMALL_BYTES

    def check(self, length: int) -> None:
        """Refuse a body that is longer than allowed.

        Raises:
            CallError: ``too_large``.
        """
        if length > self._max_bytes:
            message = f"The answer has more than {self._max_bytes:,} bytes."
            raise CallError("too_large", message, action="Lower max_tokens.")

    def expect(self, length: int) -> None:
        """Wait for room for a body of this length.

        Raises:
            CallError: ``too_large``: it found none until the deadline of the call.
            Canceled: The session was closed meanwhile.
        """
        if self._hold.reserve(length * BYTES_PER_BYTE, lambda: self._call.cut is not None):
            self._allowed = length
            return
        if self._call.cut == "closed":
            raise Canceled
        raise CallError(
            "too_large",
            "There is no memory left for the answer: the answers being received need more than a "
            "worker may use.",
            action="Lower max_tokens, or the number of connections.",
        )

    def grow(self, length: int) -> None:
        """Check and reserve memory for the ``length`` bytes received so far."""
        self.check(length)
        if length > self._allowed:
            self.expect(self._max_bytes)

    def settle(self, parts: bytearray) -> bytes:
        """Return the complete body, and hold no more than it needs."""
        self._hold.resize(len(parts) * BYTES_PER_BYTE)
        return bytes(parts)


def _exact_length(response: BaseHTTPResponse) -> int | None:
    """Return the declared length of a body; ``None`` if there is none.

    A length that is no plain number, or stands beside chunks, is not what the HTTP library
    stops at: reading "the rest" would then take as much memory as the server likes.
    """
    length = response.headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()) or len(length) > 18:
        return None
    chunked = "chunked" in response.headers.get("transfer-encoding", "").lower()
    return None if chunked else int(length)


def _inflated(decoder: zlib._Decompress, chunk: bytes) -> Iterator[bytes]:
    """Decompress ``chunk`` in small pieces, since 64 KB can hold 64 MB."""
    while True:
        piece = decoder.decompress(chunk, _CHUNK_BYTES)
        yield piece
        chunk = decoder.unconsumed_tail
        if not chunk and len(piece) < _CHUNK_BYTES:
            return
