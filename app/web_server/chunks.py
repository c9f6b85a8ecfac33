"""Finds the end of a chunked body."""

from __future__ import annotations

import re

from gunicorn.http.body import CHUNK_EXT_RE

_SIZE = re.compile(rb"[0-9a-fA-F]{1,16}[ \t]*")


class ChunkScan:
    """Finds the end of a chunked body as it arrives.

    It only decides when to hand the request to a thread; what the body holds, and whether it is
    valid at all, gunicorn's parser says afterwards.
    """

    def __init__(self) -> None:
        self._at = 0
        self._in_trailers = False

    def is_over(self, body: bytes | bytearray) -> bool:
        """Return whether ``body`` is complete or malformed.

        Args:
            body: What has arrived of it, all from its start.
        """
        while not self._in_trailers:
            if self._at > len(body):
                return False
            if self._at and body[self._at - 2 : self._at] != b"\r\n":
                return True  # malformed
            end = body.find(b"\r\n", self._at)
            if end < 0:
                return False
            digits, semicolon, extension = bytes(body[self._at : end]).partition(b";")
            if not _SIZE.fullmatch(digits) or not CHUNK_EXT_RE.fullmatch(semicolon + extension):
                return True
            size = int(digits, 16)
            self._in_trailers = size == 0
            self._at = end if size == 0 else end + 2 + size + 2
        return body.find(b"\r\n\r\n", self._at) >= 0
