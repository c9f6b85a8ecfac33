"""The egress guard: connections go only to checked addresses.

Checking a name first and connecting to it later is not enough, since the name may resolve
differently the second time. So the check sits where urllib3 opens its socket: the name is
resolved once, all its addresses are checked, and the socket connects to a checked address.
The TLS name and the ``Host`` header stay those of the URL.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from ipaddress import IPv6Address, ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util import Timeout

from app.net.addresses import AllowRow, EgressPolicy, parse_allow_list
from app.net.call_errors import CallError

__all__ = [
    "AllowRow",
    "EgressPolicy",
    "GuardedHttpPool",
    "GuardedHttpsPool",
    "Resolver",
    "check_url",
    "parse_allow_list",
    "resolve",
]

Resolver = Callable[[str, int], Sequence[str]]
"""Returns the addresses of a host name, as text; raises ``OSError`` when there are none."""

_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"\d+|0[xX][0-9a-fA-F]*")
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]|[^\x00-\x7f]")
_METADATA_NAMES = frozenset({"metadata.google.internal", "metadata", "instance-data"})


def resolve(host: str, port: int) -> Sequence[str]:
    """Return all addresses of ``host`` in the system's order.

    Raises:
        OSError: The name has no address, or no resolver answered.
    """
    rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


def blocked() -> CallError:
    """Return the error for a forbidden address, which deliberately gives no detail."""
    return CallError(
        "policy_block",
        "Address not permitted.",
        action="An administrator can allow it.",
    )


def bad_url(reason: str) -> CallError:
    """Return the error for an address that is not a plain http(s) URL."""
    return CallError("bad_url", f"The address is not valid: {reason}.", action="Correct the URL.")


def check_url(url: str, policy: EgressPolicy, resolver: Resolver | None = None) -> None:
    """Check a URL before it is stored; :class:`HttpSession` checks again when it connects.

    Args:
        url: What the user typed.
        policy: What the user may reach.
        resolver: Resolves a host name to check its addresses now; ``None`` leaves names to
            the check at connect. A name that does not resolve passes.

    Raises:
        CallError: ``bad_url``: not a plain http(s) URL (user name, odd notation of an
            address, control or non-ASCII characters, fragment). ``policy_block``: an
            address or port that ``policy`` does not permit.
    """
    parts = split_url(url)
    host, port = str(parts.hostname), effective_port(parts)
    name = host.rstrip(".").lower()
    if name in _METADATA_NAMES or not policy.permits_port(port):
        raise blocked()
    if name == "localhost" or name.endswith(".localhost"):
        check_addresses(["127.0.0.1"], port, policy)
    elif _is_literal(host):
        check_addresses([host], port, policy)
    elif resolver is not None:
        addresses: Sequence[str] = ()
        with suppress(OSError):
            addresses = resolver(host, port)
        if addresses:
            check_addresses(addresses, port, policy)


def check_addresses(addresses: Sequence[str], port: int, policy: EgressPolicy) -> None:
    """Check that every one of ``addresses`` is permitted at ``port``.

    Raises:
        CallError: ``policy_block``.
    """
    for address in addresses:
        try:
            permitted = policy.permits(address, port)
        except ValueError:
            permitted = False
        if not permitted:
            raise blocked()


def split_url(url: str) -> SplitResult:
    """Return the parts of a plain http(s) URL.

    Raises:
        CallError: ``bad_url``.
    """
    if _UNSAFE.search(url):
        raise bad_url("it has spaces, backslashes or non-ASCII characters")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise bad_url("host or port are malformed") from error
    if parts.scheme not in ("http", "https"):
        raise bad_url("it must start with http:// or https://")
    if not host or port == 0:
        raise bad_url("it has no host")
    if "@" in parts.netloc:
        raise bad_url("it must not hold a user name or password")
    if parts.fragment:
        raise bad_url("it must not have a #fragment")
    _check_host(host, bracketed="[" in parts.netloc)
    return parts


def host_in_url(host: str) -> str:
    """Return a host as it stands in a URL: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def effective_port(parts: SplitResult) -> int:
    """Return the port that a URL leads to."""
    return parts.port or (443 if parts.scheme == "https" else 80)


def _check_host(host: str, *, bracketed: bool) -> None:
    if bracketed:
        try:
            IPv6Address(host)
        except ValueError as error:
            raise bad_url("the part in brackets is not an IPv6 address") from error
        if "%" in host:
            raise bad_url("an IPv6 address must not have a zone")
        return
    if _is_literal(host):
        return
    labels = host.rstrip(".").split(".")
    # Hosts that end in a number (127.1, 0x7f000001, 0177.0.0.1) are addresses to a resolver.
    if _NUMBER.fullmatch(labels[-1]):
        raise bad_url("write the IP address as four decimal numbers")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise bad_url("the host name is malformed")


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


class _LastAnswer:
    """What is left of a closed connection while its last answer is read."""

    def __init__(self, handle: socket.socket) -> None:
        self._handle = handle

    def cut(self) -> None:
        """Abort the read; its thread gets the end of the answer."""
        with suppress(OSError):
            self._handle.shutdown(socket.SHUT_RDWR)

    def leave(self) -> None:
        """Let the socket go: the answer was read, or nobody wants the rest."""
        self._handle.close()


class _Guarded:
    """Mixin for both kinds of connections; comes before urllib3's class."""

    host: str
    port: int
    timeout: Any
    socket_options: Any

    def guard(self, policy: EgressPolicy, resolver: Resolver) -> None:
        self._policy = policy
        self._resolver = resolver
        self._handle: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        host = self.host.strip("[]")
        try:
            addresses = [host] if _is_literal(host) else self._resolver(host, self.port)
        except OSError as error:
            raise _unreachable(f"The name {host} cannot be resolved.") from error
        check_addresses(addresses, self.port, self._policy)
        sock = self._connect_first(addresses)
        # A second handle on the connection: shutting it down ends a blocked read in any
        # phase, also within a TLS handshake, where urllib3 has no socket to offer.
        self._handle = sock.dup()
        return sock

    def _connect_first(self, addresses: Sequence[str]) -> socket.socket:
        failure: OSError | None = None
        for address in addresses:
            try:
                return self._connect_to(address)
            except OSError as error:
                failure = error
        host = host_in_url(self.host)
        if isinstance(failure, TimeoutError):
            raise CallError(
                "timeout",
                f"{host} did not accept a connection in {_seconds(self.timeout)} s.",
                action="Check the URL, a firewall and the timeout.",
                retryable=True,
            ) from failure
        raise _unreachable(f"{host}:{self.port} refused the connection.") from failure

    def _connect_to(self, address: str) -> socket.socket:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            for option in self.socket_options or ():
                sock.setsockopt(*option)
            sock.settimeout(_seconds(self.timeout))
            sock.connect((address, self.port))
        except BaseException:
            sock.close()
            raise
        return sock

    def _join_call(self) -> None:
        call = current.call
        call.connection = self
        if call.cut:
            raise HTTPError("the call was stopped before it began")

    def cut(self) -> None:
        """Abort whatever this connection is waiting for; its thread gets an error."""
        handle = self._handle
        if handle is not None:
            with suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)

    def leave(self) -> None:
        """Stay open for the next call."""

    def close(self) -> None:
        try:
            super().close()  # type: ignore[misc]
        finally:
            handle, self._handle = self._handle, None
            if handle is not None:
                self._hand_on(handle)

    def _hand_on(self, handle: socket.socket) -> None:
        """Leave the handle to the call under way: its answer may be read to the socket's end.

        http.client closes a connection before it reads an answer that ends with it.
        """
        call = getattr(current, "call", None)
        if call is not None and call.connection is self:
            call.connection = _LastAnswer(handle)
        else:
            handle.close()


def _seconds(timeout: Any) -> float | None:
    value = timeout.connect_timeout if isinstance(timeout, Timeout) else timeout
    return float(value) if isinstance(value, int | float) else None


def _unreachable(message: str) -> CallError:
    return CallError(
        "connection",
        message,
        action="Check the URL, and that the server is running.",
        retryable=True,
    )


current = threading.local()
"""``current.call``: the call that this thread is making, for who has to end it."""


class _HttpConnection(_Guarded, HTTPConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        self._join_call()
        super().request(*args, **kwargs)

    def connect(self) -> None:
        self._join_call()
        super().connect()


class _HttpsConnection(_Guarded, HTTPSConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        self._join_call()
        super().request(*args, **kwargs)

    def connect(self) -> None:
        self._join_call()
        super().connect()


class GuardedHttpPool(HTTPConnectionPool):
    """A pool of plain connections to one host, all of them guarded."""

    ConnectionCls = _HttpConnection

    def __init__(self, *args: Any, policy: EgressPolicy, resolver: Resolver, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self._guard = policy, resolver

    def _new_conn(self) -> Any:
        connection = super()._new_conn()
        connection.guard(*self._guard)  # type: ignore[attr-defined]
        return connection


class GuardedHttpsPool(HTTPSConnectionPool):
    """A pool of TLS connections to one host, all of them guarded."""

    ConnectionCls = _HttpsConnection

    def __init__(self, *args: Any, policy: EgressPolicy, resolver: Resolver, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self._guard = policy, resolver

    def _new_conn(self) -> Any:
        connection = super()._new_conn()
        connection.guard(*self._guard)  # type: ignore[attr-defined]
        return connection
