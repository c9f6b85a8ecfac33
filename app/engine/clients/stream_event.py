"""Reads one event of a streamed answer."""

from __future__ import annotations

from typing import Any

from app.engine.clients.classify_parts import find_error, parse_body
from app.engine.clients.large_bodies import LARGE_BYTES, parse_bounded, parsing
from app.net.sse import ServerEvent

END = b"[DONE]"
"""The data of the last event of OpenAI's streams."""


class BrokenEventError(Exception):
    """The data of an event is no JSON.

    Attributes:
        data: What it is instead.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.data = data


class FailureEventError(Exception):
    """The server says within its stream that the call failed.

    Attributes:
        payload: The error as a body, in the server's shape.
    """

    def __init__(self, payload: Any) -> None:
        super().__init__()
        self.payload = payload


def read_event(event: ServerEvent) -> dict[str, Any] | None:
    """Return what an event holds; ``None`` where that is of no interest.

    Raises:
        BrokenEventError: It is no JSON.
        FailureEventError: It is an error.
    """
    name, data = event
    if len(data) <= LARGE_BYTES:
        value = parse_body(data)
    else:
        with parsing:
            value = parse_bounded(data)
    if name == b"error":
        raise FailureEventError(_as_error(value, data))
    if value is None and data != b"null":
        raise BrokenEventError(data)
    if isinstance(value, list) and find_error(value) is not None:
        raise FailureEventError(value)
    if not isinstance(value, dict):
        return None
    if value.get("error") or ("choices" not in value and find_error(value) is not None):
        raise FailureEventError(value)
    return value


def _as_error(value: Any, data: bytes) -> Any:
    """Return the data of an event that is called an error, as the body of one."""
    if isinstance(value, dict) and (value.get("error") or find_error(value) is not None):
        return value
    return {"error": value if isinstance(value, dict) else data.decode("utf-8", "replace")}
