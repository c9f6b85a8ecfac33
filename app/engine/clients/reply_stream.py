"""Receives a streamed answer: makes of it the body that is sent at once otherwise, and times it.

All that reads answers, with all their odd shapes, thus reads streamed ones, too.
"""

from __future__ import annotations

import json
import time
from typing import Any

from app.engine.clients.stream_event import BrokenEventError, FailureEventError
from app.engine.clients.stream_parts import StreamParts
from app.engine.types import Speed, TokenUsage
from app.net.sse import EventReader, ServerEvent

_EVENT_FIELDS = (b"data:", b"event:", b":", b"id:", b"retry:", b"error:")
_LONGEST_FIELD = 6
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SHORTEST_SPAN_S = 0.05
"""What came within so short a time was sent at once: its rate would be that of the network."""


class ReplyStream:
    """A ``BodyReader`` of one answer; what is no stream of events stays as it is.

    Args:
        parts: Of the API that was asked.
    """

    def __init__(self, parts: StreamParts) -> None:
        self._parts = parts
        self._events = EventReader()
        self._is_stream: bool | None = None  # until its first bytes are here
        self._plain = bytearray()
        self._other: bytes | None = None  # takes the place of the answer
        self._started = time.perf_counter()
        self._first_s: float | None = None
        self._last_s = 0.0
        self._is_late = False  # events were only told apart when many of them had come

    @property
    def held(self) -> int:
        """The bytes that it keeps so far."""
        return len(self._plain) + self._events.held + self._parts.length

    @property
    def is_complete(self) -> bool:
        """Whether nothing that follows is of interest."""
        return self._other is not None or self._parts.has_ended

    @property
    def is_whole(self) -> bool:
        """Whether the answer is all here, should the connection be lost now."""
        return self.is_complete or (self._parts.is_whole and not self._parts.goes_on)

    @property
    def is_stream(self) -> bool:
        """Whether what came is a stream of events."""
        return bool(self._is_stream)

    @property
    def is_cut(self) -> bool:
        """Whether a stream ended without a word of how the answer did."""
        return self.is_stream and self._other is None and not self._parts.is_whole

    def feed(self, part: bytes) -> None:
        """Take the next part."""
        if self._is_stream is None:
            part = self._begin(part)
        if self._is_stream:
            self._take(self._events.feed(part))
        else:
            self._plain += part

    def body(self) -> bytes:
        """Return the body that the events make up."""
        if not self._is_stream:
            return bytes(self._plain)
        if not self.is_complete:
            self._take(self._events.close(), is_end=True)
        return self._other or json.dumps(self._parts.payload()).encode()

    def generated(self) -> dict[str, Any] | None:
        """Return what the events so far make up; ``None`` where nothing was generated yet."""
        payload = self._parts.payload() if self._is_stream else {}
        return payload if self._parts.length or payload.get("usage") else None

    def speed(self, usage: TokenUsage) -> Speed | None:
        """Return how fast the answer came; ``None`` where it was not streamed, or is empty.

        Args:
            usage: Its tokens. Those of thinking that was not streamed were made before the first.
        """
        if self._first_s is None or self._is_late:
            return None
        tokens, thought = usage.output_tokens, usage.reasoning_tokens
        if thought is None and self._parts.hides_thoughts:
            tokens = None
        elif tokens is not None and not self._parts.has_thoughts:
            tokens -= thought or 0
        span_s = self._last_s - self._first_s
        if tokens is None or tokens < 2 or span_s < _SHORTEST_SPAN_S:
            return Speed(round(self._first_s, 4), None)
        return Speed(round(self._first_s, 4), round((tokens - 1) / span_s, 2))

    def _begin(self, part: bytes) -> bytes:
        """Tell by its first bytes what a body is; returns what is to be read of it so far."""
        head = bytes(self._plain + part).removeprefix(_BYTE_ORDER_MARK).lstrip()
        self._plain.clear()
        if len(head) >= _LONGEST_FIELD:
            self._is_stream = head.startswith(_EVENT_FIELDS)
        return head

    def _take(self, events: list[ServerEvent], *, is_end: bool = False) -> None:
        has_text = False
        for event in events:
            try:
                has_text = self._add(event) or has_text
            except FailureEventError as failure:
                self._other = json.dumps(failure.payload).encode()
            except BrokenEventError as broken:
                # Else it was cut, or the server takes its leave in words of its own.
                if not is_end and not self._parts.is_whole:
                    self._other = broken.data
            if self.is_complete:
                break
        if has_text:
            self._last_s = time.perf_counter() - self._started
            if self._first_s is None:
                self._first_s = self._last_s

    def _add(self, event: ServerEvent) -> bool:
        try:
            return self._parts.add(event)
        except BrokenEventError:
            # A server that ends its events with one end of a line, or a gateway that makes events
            # of the lines of others: "data: data: {...}".
            lines = [line.removeprefix(b"data:").strip() for line in event.data.split(b"\n")]
            if lines == [event.data]:
                raise
            whole = [ServerEvent(event.name, line) for line in lines if line]
            self._is_late = self._is_late or len(whole) > 1
            return sum(self._parts.add(each) for each in whole) > 0


def is_event_stream(body: bytes) -> bool:
    """Return whether a body is a stream of events."""
    return body[:64].removeprefix(_BYTE_ORDER_MARK).lstrip().startswith(_EVENT_FIELDS)
