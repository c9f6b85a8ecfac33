"""Outgoing HTTP: guarded, bounded in time and size, and cheap.

urllib3's pools are used directly: they are the engine of ``requests``, whose layers above
them cost as much again per call. No redirects, no cookies, no proxies but those that are given.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import certifi
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, ProxyManager
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationParseError,
    LocationValueError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.util import Timeout, make_headers, parse_url

from app.net.bodies import CHUNK_BYTES, AnswerRoom, BodyReader, exact_length, read_body, read_parts
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
    host_in_url,
    resolve,
    split_url,
)
from app.net.watchdog import OpenCall, Watchdog

ProxyChoice = Callable[[str, str], str | None]
"""Returns the address of the proxy for a scheme and a host; ``None``: connect directly."""


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


class HttpStream:
    """An answer whose body is read in parts.

    Attributes:
        status: The HTTP status.
        headers: By name, in any case.
    """

    def __init__(
        self,
        response: BaseHTTPResponse,
        call: OpenCall,
        failure: Callable[[Exception], CallError | Canceled],
    ) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._call = call
        self._failure = failure

    @property
    def length(self) -> int | None:
        """The declared length of the body, in bytes; ``None`` without one."""
        return exact_length(self._response)

    def end_in(self, timeout_s: float) -> None:
        """Set another deadline, ``timeout_s`` from now."""
        self._call.deadline = time.monotonic() + timeout_s

    def parts(self) -> Iterator[bytes]:
        """Yield the body as it comes, not decoded.

        Raises:
            CallError: ``timeout`` or ``connection``: it broke off.
            Canceled: The session was closed meanwhile.
        """
        while True:
            try:
                part = self._response.read(CHUNK_BYTES, decode_content=False)
                if self._call.cut:
                    raise HTTPError
            except (HTTPError, OSError, ValueError) as error:
                raise self._failure(error) from error
            if not part:
                return
            yield part


class HttpSession:
    """A pool of keep-alive connections under one egress policy. Thread-safe.

    Args:
        policy: What may be reached; checked whenever a connection is opened.
        max_connections: How many connections per host are kept; as many as there are threads.
        connect_timeout_s: For each address of the host.
        max_bytes: The most that a decoded body may have.
        resolver: Resolves host names.
        ca_file: Certificates to trust besides the system's and Mozilla's.
        proxy: Returns the address of the proxy for a scheme and a host, ``None`` for none. What
            lies behind a proxy is checked by name only; the proxy itself may be a private address.
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
        proxy: ProxyChoice | None = None,
    ) -> None:
        self._proxy = proxy
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
        reader: BodyReader | None = None,
    ) -> HttpReply:
        """Send ``body`` as JSON and return the answer, whatever its status.

        Args:
            url: Complete address.
            headers: Besides ``Content-Type``, which is set here.
            body: Exactly these bytes are sent.
            timeout_s: Until the last byte of the answer, connecting included.
            hold: Counts the answer, which waits for room where it is large. The caller
                releases it when the answer is no longer in memory.
            reader: Gets the body of a 2xx answer as it comes, and makes the reply's body of it.
                Deadline and size hold as always, the size for what the reader keeps.

        Raises:
            CallError: ``timeout``, ``connection``, ``tls``, ``too_large``, ``bad_encoding``,
                ``policy_block``, ``bad_url`` or ``bad_header``.
            Canceled: The session was closed meanwhile.
        """
        headers = {"Content-Type": "application/json", **headers}
        if reader is not None:
            headers.setdefault("Accept-Encoding", "identity")  # compressed, parts come late
        return self._call("POST", url, headers, body, timeout_s, hold, reader)

    def get_json(self, url: str, headers: Mapping[str, str], timeout_s: float) -> HttpReply:
        """Fetch ``url``; everything else as in :meth:`post_json`."""
        return self._call("GET", url, {"Accept": "application/json", **headers}, None, timeout_s)

    @contextmanager
    def stream(
        self, url: str, headers: Mapping[str, str], timeout_s: float, silence_s: float
    ) -> Iterator[HttpStream]:
        """Fetch ``url`` and give its answer to the block, which reads as much as it likes.

        Args:
            url: Complete address.
            headers: All but ``User-Agent``; no encoding is asked for.
            timeout_s: Until the last byte; :meth:`HttpStream.end_in` sets another deadline.
            silence_s: A server that sends nothing for so long is given up.

        Raises:
            CallError: As :meth:`post_json`.
            Canceled: The session was closed meanwhile.
        """
        pool, target = self._routes.get(url) or self._route(url)
        started = time.monotonic()
        call = self._watchdog.open(started + timeout_s)
        current.call = call

        def failure(error: Exception) -> CallError | Canceled:
            if call.cut == "deadline":
                took_s = time.monotonic() - started
                return CallError(
                    "timeout", f"{pool.host} is too slow: no complete answer in {took_s:.0f} s."
                )
            return self._failure(error, call, pool, silence_s)

        try:
            response = self._ask(pool, target, headers, silence_s, failure)
            try:
                yield HttpStream(response, call, failure)
            finally:
                response.close()  # one that was read to its end has given its connection back
        finally:
            current.call = None
            self._watchdog.close(call)

    def _ask(
        self,
        pool: HTTPConnectionPool,
        target: str,
        headers: Mapping[str, str],
        silence_s: float,
        failure: Callable[[Exception], CallError | Canceled],
    ) -> BaseHTTPResponse:
        """Send a GET and return its answer, whose body is not read yet."""
        fixed = {"Accept-Encoding": "identity", "User-Agent": "OpenBench-Studio"}
        try:
            return pool.urlopen(
                "GET",
                target,
                headers={**fixed, **headers},
                retries=False,
                redirect=False,
                assert_same_host=False,
                timeout=Timeout(connect=self._connect_timeout_s, read=silence_s),
                preload_content=False,
                decode_content=False,
            )
        except (HTTPError, OSError) as error:
            raise failure(error) from error
        except ValueError:
            raise CallError("bad_header", "A header of the request cannot be sent.") from None

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
        reader: BodyReader | None = None,
    ) -> HttpReply:
        pool, target = self._routes.get(url) or self._route(url)
        # Ours is sent instead of urllib3's longer one: gzip alone can be capped while decoding.
        headers.setdefault("Accept-Encoding", "gzip")
        headers.setdefault("User-Agent", "OpenBench-Studio")
        started = time.monotonic()
        call = self._watchdog.open(started + timeout_s)
        current.call = call
        room = AnswerRoom(hold or UNBOUNDED.hold(), self._max_bytes, call)
        try:
            reply = self._exchange(pool, method, target, headers, body, timeout_s, room, reader)
            if call.cut and not (reader and reader.is_whole):
                raise HTTPError
            return HttpReply(*reply, time.monotonic() - started)
        except (HTTPError, OSError) as error:
            is_begun = reader is not None and reader.held > 0
            raise self._failure(error, call, pool, timeout_s, is_begun=is_begun) from error
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
        room: AnswerRoom,
        reader: BodyReader | None,
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
            if reader is not None and 200 <= response.status < 300:
                whole = read_parts(response, room, reader)
            else:
                whole = read_body(response, room)
            return response.status, response.headers, whole
        except ValueError as error:  # a chunk of a negative length: the server's fault
            response.close()
            raise HTTPError from error
        except BaseException:
            response.close()
            raise
        finally:
            response.release_conn()

    def _route(self, url: str) -> tuple[HTTPConnectionPool, str]:
        parts = split_url(url)
        host, port = str(parts.hostname), effective_port(parts)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        proxy = self._proxy(parts.scheme, host) if self._proxy else None
        if proxy and parts.scheme == "http":
            target = url
        with self._lock:
            key = (parts.scheme, host, port)
            pool = self._pools.get(key)
            if pool is None:
                try:
                    pool = self._pools[key] = self._make_pool(*key, proxy)
                except (LocationParseError, LocationValueError) as error:
                    raise bad_url("the host name is malformed") from error
            if len(self._routes) > 100:
                self._routes.clear()
            self._routes[url] = (pool, target)
        return pool, target

    def _make_pool(
        self, scheme: str, host: str, port: int, proxy: str | None
    ) -> HTTPConnectionPool:
        options: dict[str, Any] = {
            "maxsize": self._max_connections,
            "policy": self._policy,
            "resolver": self._resolver,
        }
        if proxy:
            through = ProxyManager(proxy, proxy_headers=_credentials(proxy))
            options |= through.connection_pool_kw | {"policy": EgressPolicy(allow_private=True)}
            if scheme == "http" and through.proxy is not None:
                scheme, host = through.proxy.scheme or "http", through.proxy.host or ""
                port = through.proxy.port or 80
        name = host_in_url(host)
        if scheme == "http":
            return GuardedHttpPool(name, port, **options)
        return GuardedHttpsPool(name, port, ssl_context=_tls_context(self._ca_file), **options)

    def _failure(
        self,
        error: Exception,
        call: OpenCall,
        pool: HTTPConnectionPool,
        timeout_s: float,
        *,
        is_begun: bool = False,
    ) -> CallError | Canceled:
        if call.cut == "closed":
            return Canceled()
        host = host_in_url(pool.host)
        late = (ReadTimeoutError, ConnectTimeoutError, TimeoutError)
        if call.cut == "deadline" and is_begun:
            return CallError(
                "timeout",
                f"{host} was still answering after {timeout_s:g} s.",
                action="Raise the timeout, or lower max_tokens.",
                retryable=True,
            )
        if call.cut == "deadline" or isinstance(error, late):
            return CallError(
                "timeout",
                f"No answer from {host} in {timeout_s:g} s.",
                action="Check the URL, a firewall and the timeout.",
                retryable=True,
            )
        if isinstance(error, SSLError | ssl.SSLError):
            untrusted = "CERTIFICATE_VERIFY_FAILED" in str(error)
            return CallError(
                "tls",
                f"The TLS connection to {host} failed"
                + (": its certificate is not trusted." if untrusted else "."),
                action="Check the URL and the server's certificate.",
                retryable=not untrusted,
            )
        return CallError(
            "connection",
            f"{host} closed the connection without a complete answer.",
            action="Check the URL, and that the server is running.",
            retryable=True,
        )


def _credentials(proxy: str) -> Mapping[str, str]:
    """Return the header that signs in at a proxy whose address has a name and a password."""
    auth = parse_url(proxy).auth
    return make_headers(proxy_basic_auth=unquote(auth)) if auth else {}


@lru_cache(maxsize=4)
def _tls_context(ca_file: str | None) -> ssl.SSLContext:
    """Return one context for all connections: making it takes 20 ms of CPU and a megabyte."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context
