"""Reads values from a provider's JSON without trusting their types."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

MOST_TOKENS = 2**31 - 1
"""No call has more; a larger count is a mistake of the server."""


def token_count(value: object) -> int | None:
    """Return a token count; ``None`` if it is not a credible number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return int(value) if 0 <= value <= MOST_TOKENS else None


def as_object(value: object) -> Mapping[str, Any]:
    """Return a JSON object, or an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def id_text(value: object, longest: int = 100) -> str | None:
    """Return an id or a name that a provider gives, in one line; ``None`` if it is not text."""
    if not isinstance(value, str):
        return None
    return " ".join(plain_text(value[:longest]).replace("\0", " ").split()) or None


def plain_text(text: str) -> str:
    r"""Return ``text`` without lone surrogates (such as ``\ud800``).

    JSON can hold them, but nothing can store or send them.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text
