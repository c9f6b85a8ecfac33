"""Reads the bodies of answers: bounded in size, counted in memory, decoded."""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from app.net.byte_budget import Hold
from app.net.call_errors import CallError, Canceled
from app.net.watchdog import OpenCall

CHUNK_BYTES = 65_536
_SMALL_BYTES = 65_536
BYTES_PER_BYTE = 4
"""What a body takes while it is read: itself, its text, and what is made of it."""

_EVENTS_PER_BYTE = 100
"""What a stream may send for each byte that it brings: events repeat names and ids."""

_LONG_STREAM_BYTES = 524_288
"""A longer text waits for room; hardly any is: it has a hundred thousand tokens."""

_AFTER_END_S = 0.5
_AFTER_END_BYTES = 65_536


class BodyReader(Protocol):
    """Takes a body in parts, as they arrive, and keeps what is to be kept of it."""

    @property
    def held(self) -> int:
        """The bytes that it keeps so far."""
        ...

    @property
    def is_complete(self) -> bool:
        """Whether nothing that follows is of interest."""
        ...

    @property
    def is_whole(self) -> bool:
        """Whether what it has is of use, should what follows never come."""
        ...

    def feed(self, part: bytes) -> None:
        """Take the next part."""
        ...

    def body(self) -> bytes:
        """Return the body that the parts make up; called once, after the last."""
        ...


class AnswerRoom:
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

    def follow(self, length: int) -> None:
        """Check and count the ``length`` bytes kept of a stream so far.

        It may take minutes to grow. To reserve room for the longest meanwhile would make most
        others wait, so all but the longest texts count as what they are, and wait for nobody.
        """
        self.check(length)
        if length <= self._allowed:
            return
        if length <= _LONG_STREAM_BYTES:
            self._allowed = min(2 * length, _LONG_STREAM_BYTES)
            self._hold.resize(self._allowed)
            return
        self._hold.release()  # who waits holds nothing, so that no two wait for each other
        self.expect(self._max_bytes)

    def end_in(self, timeout_s: float) -> None:
        """Wait no longer than that for what is left of the call."""
        self._call.deadline = min(self._call.deadline, time.monotonic() + timeout_s)

    def end(self) -> None:
        """Cut nothing from now on: all is read, and the connection may serve another call."""
        self._call.deadline = math.inf

    def settle(self, parts: bytes | bytearray) -> bytes:
        """Return the complete body, and hold no more than it needs."""
        self._hold.resize(len(parts) * BYTES_PER_BYTE)
        return bytes(parts)


def read_body(response: BaseHTTPResponse, room: AnswerRoom) -> bytes:
    """Read a body to its end, decoded.

    Raises:
        CallError: ``too_large``, ``bad_encoding`` or ``connection``.
    """
    length = exact_length(response)
    room.check(length or 0)
    encoding = response.headers.get("content-encoding", "identity").lower()
    if encoding not in ("", "identity"):
        return _read_compressed(response, encoding, room)
    if length is not None:
        room.expect(length)
        return response.read(decode_content=False)
    return _read_plain(response, room)


def _read_plain(response: BaseHTTPResponse, room: AnswerRoom) -> bytes:
    parts = bytearray()
    while chunk := response.read(CHUNK_BYTES, decode_content=False):
        parts += chunk
        room.grow(len(parts))
    return room.settle(parts)


def _read_compressed(response: BaseHTTPResponse, encoding: str, room: AnswerRoom) -> bytes:
    parts = bytearray()
    for piece in _decompressed(response, response.read, encoding):
        parts += piece
        room.grow(len(parts))
    return room.settle(parts)


def read_parts(response: BaseHTTPResponse, room: AnswerRoom, reader: BodyReader) -> bytes:
    """Give the reader what has arrived, part by part, until it has all or nothing follows.

    Raises:
        CallError: As :func:`read_body`.
    """
    received = 0
    try:
        for part in _arriving(response):
            received += len(part)
            reader.feed(part)
            room.check(received // _EVENTS_PER_BYTE)
            room.follow(reader.held)
            if reader.is_complete:
                room.end_in(_AFTER_END_S)
                _read_rest(response)
                break
    except (HTTPError, OSError, ValueError):
        if not reader.is_whole:
            raise
        response.close()  # only its end is missing: nobody pays twice for that
    room.end()
    return room.settle(reader.body())


def exact_length(response: BaseHTTPResponse) -> int | None:
    """Return the declared length of a body; ``None`` if there is none.

    A length that is no plain number, or stands beside chunks, is not what the HTTP library
    stops at: reading "the rest" would then take as much memory as the server likes.
    """
    length = response.headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()) or len(length) > 18:
        return None
    chunked = "chunked" in response.headers.get("transfer-encoding", "").lower()
    return None if chunked else int(length)


def _arriving(response: BaseHTTPResponse) -> Iterator[bytes]:
    """Yield the body in the parts in which it arrives, decoded."""
    encoding = response.headers.get("content-encoding", "identity").lower()
    if encoding not in ("", "identity"):
        yield from _decompressed(response, response.read1, encoding)
        return
    while part := response.read1(CHUNK_BYTES, decode_content=False):
        yield part


def _decompressed(
    response: BaseHTTPResponse, read: Callable[..., bytes], encoding: str
) -> Iterator[bytes]:
    """Yield a compressed body in small pieces."""
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise CallError("bad_encoding", f"The server sent an unknown encoding: {encoding[:20]}.")
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 32 if "gzip" in encoding else zlib.MAX_WBITS)
    try:
        while chunk := read(CHUNK_BYTES, decode_content=False):
            if decoder.eof:  # what follows the end is dropped, and the connection with it
                response.close()
                break
            yield from _inflated(decoder, chunk)
    except zlib.error as error:
        raise CallError("bad_encoding", "The answer could not be decompressed.") from error
    if not decoder.eof:
        raise CallError("connection", "The answer ended too early.", retryable=True)


def _read_rest(response: BaseHTTPResponse) -> None:
    """Read what follows the end of a stream: hardly anything, and the connection is free again.

    A server that leaves the answer open loses the connection.
    """
    rest = 0
    try:
        while part := response.read1(CHUNK_BYTES, decode_content=False):
            rest += len(part)
            if rest > _AFTER_END_BYTES:
                response.close()
                return
    except (HTTPError, OSError, ValueError):
        response.close()


def _inflated(decoder: zlib._Decompress, chunk: bytes) -> Iterator[bytes]:
    """Decompress ``chunk`` in small pieces, since 64 KB can hold 64 MB."""
    while True:
        piece = decoder.decompress(chunk, CHUNK_BYTES)
        yield piece
        chunk = decoder.unconsumed_tail
        if not chunk and len(piece) < CHUNK_BYTES:
            return
