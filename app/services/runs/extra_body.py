"""Checks the JSON that a run adds to the body of each request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from app.services.field_types import storable

MAX_EXTRA_BYTES = 8 * 1024
MAX_EXTRA_DEPTH = 8

_OURS = {
    "model": "The run's own field model says which model is asked.",
    "models": "The run's own field model says which model is asked.",
    "fallbacks": "The run's own field model says which model is asked.",
    "messages": "The benchmark makes the messages; system_message adds one.",
    "prompt": "The benchmark makes the messages.",
    "input": "The benchmark makes the messages.",
    "system": "Use the field system_message.",
    "stream": "The connection says whether answers are streamed.",
    "stream_options": "The connection says whether answers are streamed.",
    "max_tokens": "Use the field max_tokens: budgets count on it.",
    "max_completion_tokens": "Use the field max_tokens: budgets count on it.",
    "max_output_tokens": "Use the field max_tokens: budgets count on it.",
    "n": "One answer to a call: use the field epochs.",
    "best_of": "One answer to a call: use the field epochs.",
}
_CREDENTIALS = re.compile(
    r"(?:x-)?(?:api|access|secret)[-_]?key\w*|authorization|auth|bearer|credentials?|password|secret"
    r"|(?:api|access|auth|bearer|refresh)[-_]?token|(?:extra[-_]?)?headers",
    re.IGNORECASE,
)
_ADDRESSES = re.compile(r"(?:api[-_]?base|base[-_]?url|endpoint|api[-_]?version)", re.IGNORECASE)


def check_extra_body(value: dict[str, Any]) -> dict[str, Any]:
    """Return ``value`` if it may be added to requests.

    Raises:
        ValueError: It replaces what the Studio sends, holds a credential or an address, or is
            too large.
    """
    for name in value:
        reason = _OURS.get(name.strip().lower().replace("-", "_"))
        if reason:
            raise ValueError(f"must not set {name!r}. {reason}")
        if _ADDRESSES.fullmatch(name.strip()):
            raise ValueError(f"must not set {name!r}: the connection says where calls go")
    try:
        size = len(json.dumps(value, allow_nan=False).encode())
    except (ValueError, RecursionError):
        raise ValueError("must be JSON with finite numbers") from None
    if size > MAX_EXTRA_BYTES:
        raise ValueError(f"must have at most {MAX_EXTRA_BYTES:,} bytes as JSON, not {size:,}")
    for text, is_name in _texts(value, MAX_EXTRA_DEPTH):
        storable(text)
        if is_name and _CREDENTIALS.fullmatch(text.strip()):
            raise ValueError(
                f"must not hold {text!r}: credentials belong into the connection, where they are "
                "sealed"
            )
    return value


def _texts(value: Any, levels: int) -> Iterator[tuple[str, bool]]:
    """Yield all texts, and whether each is the name of a field."""
    if not levels:
        raise ValueError(f"must have at most {MAX_EXTRA_DEPTH} levels")
    if isinstance(value, str):
        yield value, False
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name, True
            yield from _texts(inner, levels - 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, levels - 1)
