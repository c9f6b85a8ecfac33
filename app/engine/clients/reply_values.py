"""Reads values from a provider's JSON without trusting their types."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

MOST_TOKENS = 2**31 - 1
"""No call has more; a larger count is a mistake of the server."""


def token_count(value: object) -> int | None:
    """Return a token count; ``None`` if it is not a credible number."""
    if type(value) is float and math.isfinite(value):
        value = int(value) if value >= 0 else -1
    # Not isinstance(): JSON's true is no count, and this is asked a dozen times for each answer.
    return value if type(value) is int and 0 <= value <= MOST_TOKENS else None


def as_object(value: object) -> Mapping[str, Any]:
    """Return a JSON object, or an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def id_text(value: object, longest: int = 100) -> str | None:
    """Return an id or a name that a provider gives, in one line; ``None`` if it is not text."""
    if not isinstance(value, str):
        return None
    shown = value[:longest]
    if not (shown.isascii() and shown.isprintable()):
        shown = plain_text(shown).replace("\0", " ")
    return " ".join(shown.split()) or None


def plain_text(text: str) -> str:
    r"""Return ``text`` without lone surrogates (such as ``\ud800``).

    JSON can hold them, but nothing can store or send them.
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
