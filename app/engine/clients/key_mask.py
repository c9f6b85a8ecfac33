"""Removes our key from what a provider sends, since errors and answers are stored."""

from __future__ import annotations

import re
from dataclasses import replace

from urllib3 import HTTPHeaderDict

from app.net.http import HttpReply

MASK = "[redacted]"
SHORTEST = 16
"""A shorter key is a placeholder of a local server, and may be a word of an answer."""


class KeyMask:
    """Masks one key, also where JSON spells it with escapes.

    Args:
        key: In printable ASCII; ``None`` or a short one is not masked.
    """

    def __init__(self, key: str | None) -> None:
        self._key = key if key and len(key) >= SHORTEST else None
        self._escaped = re.compile(b"".join(map(_spellings, self._key or "")))

    def clean(self, reply: HttpReply) -> HttpReply:
        """Return ``reply`` without the key."""
        key = self._key
        if key is None:
            return reply
        body = reply.body
        if key.encode() in body:
            body = body.replace(key.encode(), MASK.encode())
        if b"\\u00" in body or b"\\/" in body:
            body = self._escaped.sub(MASK.encode(), body)
        headers = reply.headers
        if any(key in value for value in headers.values()):
            headers = HTTPHeaderDict(
                {name: value.replace(key, MASK) for name, value in headers.items()}
            )
        if body is reply.body and headers is reply.headers:
            return reply
        return replace(reply, body=body, headers=headers)


def _spellings(char: str) -> bytes:
    r"""Return a pattern for all JSON spellings of ``char``: ``/``, ``\/``, ``\u002f``."""
    plain = re.escape(char)
    backslash = rf"\\{plain}|" if char in '/"\\' else ""
    return rf"(?:{backslash}{plain}|\\u00(?i:{ord(char):02x}))".encode()
