"""Puts the events of a streamed answer together: what is the same for all APIs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from app.engine.clients.stream_event import END, read_event
from app.engine.clients.stream_template import StreamTemplate
from app.net.sse import ServerEvent


class StreamParts(ABC):
    """The events of one answer so far.

    Attributes:
        length: Bytes of text.
        has_ended: The server said that nothing follows.
        has_thoughts: What the model thought came as text, too.
        hides_thoughts: The model thought, and nothing of it came as text so far.
        goes_on: Text came after the server had said how the answer ended.
    """

    def __init__(self) -> None:
        self.length = 0
        self.has_ended = False
        self.has_thoughts = False
        self.hides_thoughts = False
        self.goes_on = False
        self._template = StreamTemplate()

    def add(self, event: ServerEvent) -> bool:
        """Take an event; returns whether it holds text.

        Raises:
            BrokenEventError: It is no JSON.
            FailureEventError: It is an error.
        """
        if taken := self._template.take(event.data):
            self.length += taken
            return True
        if event.data.strip() == END:
            self.has_ended = True
            return False
        body = read_event(event)
        return body is not None and self._take(body, event)

    @property
    @abstractmethod
    def is_whole(self) -> bool:
        """Whether the server said how the answer ended."""

    @abstractmethod
    def payload(self) -> dict[str, Any]:
        """Return the body that is sent at once otherwise."""

    @abstractmethod
    def _take(self, body: Mapping[str, Any], event: ServerEvent) -> bool:
        """Take what an event holds; returns whether it is text."""

    def _write(self, sink: bytearray, text: str) -> None:
        """Add a text to those before; half a character is as good as any."""
        written = text.encode("utf-8", "surrogatepass")
        sink += written
        self.length += len(written)


def text_in(sink: bytearray) -> str:
    """Return the text that was written."""
    return sink.decode("utf-8", "surrogatepass")
