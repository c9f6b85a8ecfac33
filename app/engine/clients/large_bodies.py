"""Reads JSON of any size without letting it take the memory of the machine."""

from __future__ import annotations

from threading import Lock
from typing import Any

from app.engine.clients.classify_parts import parse_body

LARGE_BYTES = 65_536
_MOST_PARTS = 100_000

parsing = Lock()
"""JSON may need thirty times its size: what is large is read one by one."""


def parse_bounded(body: bytes) -> Any:
    """Return the JSON in ``body``; ``None`` without any, or where it has too many parts."""
    return None if _is_all_brackets(body) else parse_body(body)


def _is_all_brackets(body: bytes) -> bool:
    """Return whether a body is built to exhaust memory, with more parts than any answer has."""
    return len(body) > LARGE_BYTES and body.count(b"[") + body.count(b"{") > _MOST_PARTS
