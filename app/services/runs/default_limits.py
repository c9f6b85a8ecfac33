"""The longest answer of a run that names none, where the API of its connection demands a limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.engine.clients.anthropic_messages import DEFAULT_MAX_TOKENS

IS_DEFAULT = "max_tokens_is_default"
"""Set in a run's config where nobody chose its ``max_tokens``."""


def with_default_limit(config: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return a run's config with the limit that is sent although it names none.

    Args:
        config: Checked.
        kind: Of the connection.
    """
    if kind != "anthropic" or config["max_tokens"] is not None:
        return dict(config)
    limit = DEFAULT_MAX_TOKENS + (config.get("thinking_tokens") or 0)
    return {**config, "max_tokens": limit, IS_DEFAULT: True}


def without_default_limit(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a config as it was asked for: what nobody chose is left to the next connection."""
    asked = dict(config)
    if asked.pop(IS_DEFAULT, False):
        asked["max_tokens"] = None
    return asked
