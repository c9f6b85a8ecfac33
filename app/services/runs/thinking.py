"""Makes room for thinking: a model's longest answer holds its thinking, too."""

from __future__ import annotations

from typing import Any

from app.errors import Invalid
from app.services.connections.store import ConnectionInfo
from app.services.runs.run_request import RunRequest

ANTHROPIC_LEAST = 1024
"""The smallest budget that its API takes."""


def check_thinking(request: RunRequest, config: dict[str, Any], connection: ConnectionInfo) -> None:
    """Raise a protocol's own ``max_tokens`` by the thinking; refuse a chosen one without room.

    Args:
        request: What was asked for.
        config: The settings of the run, changed in place.
        connection: To the model.

    Raises:
        Invalid: The budget leaves no room for an answer, or is smaller than the API takes.
    """
    thinking = config["thinking_tokens"]
    if not thinking:
        return
    if connection.kind == "anthropic" and thinking < ANTHROPIC_LEAST:
        raise _refusal(f"Anthropic's API takes {ANTHROPIC_LEAST:,} or more, or 0 for none.")
    most = config["max_tokens"]
    if most is None:
        return
    if request.max_tokens is None:
        config["max_tokens"] = most + thinking
    elif thinking >= most:
        raise _refusal(
            f"Thinking counts towards max_tokens ({most:,}): it must be less, to leave room for "
            "the answer."
        )


def _refusal(message: str) -> Invalid:
    return Invalid(message, fields={"thinking_tokens": [message]})
