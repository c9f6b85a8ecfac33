"""Whole messages over a pair of pipes: plain JSON, never pickles, and of bounded size."""

from __future__ import annotations

import json
import os
from typing import Any

MAX_MESSAGE_BYTES = 8 * 1024 * 1024
_LENGTH_BYTES = 4


class LinkEndedError(Exception):
    """The other side has ended, or does not keep to the form. The link stays useless."""


class Link:
    """One end of the pipes between two processes, for one thread.

    Attributes:
        is_broken: It has failed once; nothing that comes later counts.
    """

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd, self._write_fd = read_fd, write_fd
        self.is_broken = False

    def send(self, message: list[Any]) -> None:
        """Write a message.

        Raises:
            ValueError: It is larger than a message may be.
            LinkEndedError: Nobody reads.
        """
        data = json.dumps(message).encode("ascii")
        if len(data) > MAX_MESSAGE_BYTES:
            raise ValueError(f"values of more than {MAX_MESSAGE_BYTES} bytes cannot be passed")
        self._check()
        view = memoryview(len(data).to_bytes(_LENGTH_BYTES, "big") + data)
        while view:
            try:
                view = view[os.write(self._write_fd, view) :]
            except OSError as error:
                raise self.broken(str(error)) from None

    def receive(self) -> list[Any]:
        """Return the next message: a list that begins with a word.

        Raises:
            LinkEndedError: There is none, or it has not the form of a message.
        """
        self._check()
        length = int.from_bytes(self._read(_LENGTH_BYTES), "big")
        if length > MAX_MESSAGE_BYTES:
            raise self.broken(f"a message of {length} bytes")
        try:
            message = json.loads(self._read(length))
        except (ValueError, RecursionError):
            raise self.broken("no message") from None
        if not (isinstance(message, list) and message and isinstance(message[0], str)):
            raise self.broken("no message")
        return message

    def close(self) -> None:
        """Close the link."""
        self.is_broken = True
        os.close(self._read_fd)
        os.close(self._write_fd)

    def broken(self, reason: str) -> LinkEndedError:
        """Mark the link as broken; return the error to raise."""
        self.is_broken = True
        return LinkEndedError(f"The answer's program cannot be talked to any more: {reason}")

    def _check(self) -> None:
        if self.is_broken:
            raise self.broken("it has ended")

    def _read(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            try:
                chunk = os.read(self._read_fd, min(count - len(data), 1 << 20))
            except OSError as error:
                raise self.broken(str(error)) from None
            if not chunk:
                raise self.broken("it has ended")
            data += chunk
        return bytes(data)
