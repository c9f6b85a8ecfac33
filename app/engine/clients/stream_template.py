"""Reads events that differ from the one before in one text only, without reading their JSON.

Most of a stream is such events: the same ids and names around a token. To decode each costs five
times as much as all else that is done with it.
"""

from __future__ import annotations


class StreamTemplate:
    """What stands around the text of the last event that was read as JSON."""

    __slots__ = ("_after", "_before", "_sink", "_size")

    def __init__(self) -> None:
        self._before = self._after = b""
        self._size = -1
        self._sink: bytearray | None = None

    def learn(self, data: bytes, field: bytes, text: str, sink: bytearray) -> None:
        """Take an event as the template.

        Args:
            data: Of the event, which holds nothing of interest but one text.
            field: That text's name.
            text: As it was read.
            sink: Where the texts of events like this one go.
        """
        spelled = text.encode("utf-8", "surrogatepass")
        for between in (b'":"', b'": "'):
            before, found, after = data.partition(b'"%s%s%s"' % (field, between, spelled))
            if found and b'"%s"' % field not in before + after:
                self._before = before + b'"' + field + between
                self._after = b'"' + after
                self._size = len(self._before) + len(self._after)
                self._sink = sink
                return

    def forget(self) -> None:
        """Read the next event as JSON, whatever it is."""
        self._sink = None

    def take(self, data: bytes) -> int:
        """Pass the text of an event on; returns its bytes, 0 if the event is another one."""
        sink = self._sink
        if sink is None or not data.startswith(self._before) or not data.endswith(self._after):
            return 0
        if len(data) <= self._size:
            return 0
        raw = data[len(self._before) : -len(self._after)]
        if b'"' in raw or b"\\" in raw:  # another structure, or a text to be decoded
            return 0
        if not raw.isascii():
            try:
                raw.decode()
            except UnicodeDecodeError:
                return 0
        sink += raw
        return len(raw)
