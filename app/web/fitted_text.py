"""Shortens texts to a number of bytes as they stand in HTML."""

from __future__ import annotations

from markupsafe import Markup, escape

_GAP = " … "
_GAP_BYTES = len(_GAP.encode())


def fitted(text: str, most: int) -> Markup:
    """Return ``text`` escaped, in at most ``most`` bytes of UTF-8.

    A longer one keeps its beginning and its end: answers come last.
    """
    if len(text) <= most:
        escaped = escape(text)
        if _size(escaped) <= most:
            return escaped
    half = max(0, (most - _GAP_BYTES) // 2)
    return _begin(text, half) + _GAP + _end(text, half)


def beginning(text: str, most: int) -> Markup:
    """Return the beginning of ``text`` escaped, in at most ``most`` bytes of UTF-8."""
    escaped = escape(text)
    return escaped if _size(escaped) <= most else _begin(text, most - _GAP_BYTES) + "…"


def _size(escaped: str) -> int:
    return len(escaped.encode("utf-8", "replace"))


def _begin(text: str, most: int) -> Markup:
    part = text[:most]
    while (size := _size(escape(part))) > most:
        part = part[: len(part) * most // size]
    return escape(part)


def _end(text: str, most: int) -> Markup:
    part = text[-most:] if most else ""
    while (size := _size(escape(part))) > most:
        kept = len(part) * most // size
        part = part[-kept:] if kept else ""
    return escape(part)
