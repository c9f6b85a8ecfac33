"""Reads server-sent events from the parts of a body, as they arrive.

As the HTML standard describes them, and as servers that break it send them: fields named
``error`` (llama.cpp), a last event without the empty line that ends it.
"""

from __future__ import annotations

from typing import NamedTuple

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINE_BYTES = 40  # what Python adds to each line that is held


class ServerEvent(NamedTuple):
    """One event: its name (empty: a message) and its data, whose lines are joined."""

    name: bytes
    data: bytes


class EventReader:
    """Cuts a stream into events, wherever its parts begin and end.

    Attributes:
        held: The bytes of the event that is not complete yet.
    """

    __slots__ = ("_after_cr", "_at_start", "_data", "_data_bytes", "_line", "_name")

    def __init__(self) -> None:
        self._line = bytearray()
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._name = b""
        self._after_cr = False
        self._at_start = True

    @property
    def held(self) -> int:
        """The bytes of the event that is not complete yet."""
        return len(self._line) + self._data_bytes

    def feed(self, part: bytes) -> list[ServerEvent]:
        """Return the events that end with this part."""
        if part.startswith(b"data: ") and part.endswith(b"\n\n") and self._is_plain(part):
            return [ServerEvent(b"", part[6:-2])]  # as most parts are
        if self._after_cr and part:
            part = part.removeprefix(b"\n")  # of a line that ended in CR LF
            self._after_cr = False
        if b"\n" not in part and b"\r" not in part:
            self._line += part
            return []
        if self._line:
            part = bytes(self._line) + part
            self._line.clear()
        if self._at_start:
            part = part.removeprefix(_BYTE_ORDER_MARK)
            self._at_start = False
        lines = part.splitlines()
        if part.endswith((b"\n", b"\r")):
            self._after_cr = part.endswith(b"\r")
        else:
            self._line += lines.pop()
        return self._events_in(lines)

    def _is_plain(self, part: bytes) -> bool:
        """Return whether a part is one event of one line of data, and nothing else is open."""
        if self._line or self._data or self._name or self._after_cr or len(part) == 8:
            return False
        return part.count(b"\n") == 2 and b"\r" not in part

    def close(self) -> list[ServerEvent]:
        """Return what the stream ended with, if the empty line after it is missing."""
        lines = [bytes(self._line), b""]
        self._line.clear()
        return self._events_in(lines)

    def _events_in(self, lines: list[bytes]) -> list[ServerEvent]:
        events = []
        for line in lines:
            if line.startswith(b"data:"):
                self._add(line[6:] if line.startswith(b"data: ") else line[5:])
            elif line:
                self._take_field(line)
            elif self._data:
                data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
                if data:
                    events.append(ServerEvent(self._name, data))
                self._data, self._data_bytes, self._name = [], 0, b""
            else:
                self._name = b""
        return events

    def _take_field(self, line: bytes) -> None:
        """Take a field other than data; comments begin with a colon."""
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            self._name = value
        elif field == b"error":
            self._name = field
            self._add(value)

    def _add(self, value: bytes) -> None:
        self._data.append(value)
        self._data_bytes += len(value) + _LINE_BYTES
