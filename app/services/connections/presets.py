"""What connections may be called and what kind they can be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from app.engine.clients.providers import PROVIDERS, KnownProvider

Kind = Literal["openai", "anthropic", "openai_compatible", "simulated"]

KIND_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "openai": "OpenAI",
        "anthropic": "Anthropic",
        "openai_compatible": "OpenAI-compatible",
        "simulated": "Simulated",
    }
)
SIMULATED = "simulated"
NAME_PATTERN = r"[a-z0-9][a-z0-9_-]{0,62}"
_NAME = re.compile(NAME_PATTERN)
_RESERVED = frozenset({"new"})  # the address of the form for a new one


@dataclass(frozen=True, slots=True)
class Preset:
    """What a form fills in for a well-known provider."""

    name: str
    title: str
    kind: Kind
    base_url: str
    needs_key: bool
    key_variable: str | None


def is_connection_name(name: str) -> bool:
    """Return whether ``name`` can be the prefix of a model."""
    return _NAME.fullmatch(name) is not None and name not in _RESERVED


def _preset(known: KnownProvider) -> Preset:
    # The engine knows shapes of APIs; for users a server that imitates OpenAI's is not OpenAI.
    kind: Kind = known.kind
    if known.kind == "openai" and known.name != "openai":
        kind = "openai_compatible"
    return Preset(known.name, known.title, kind, known.base_url, known.needs_key, known.key_env)


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {name: _preset(known) for name, known in PROVIDERS.items() if name != SIMULATED}
)


def engine_kind(kind: str) -> Literal["openai", "anthropic", "simulated"]:
    """Return the shape of the API, which decides on the client."""
    if kind == "anthropic":
        return "anthropic"
    return "simulated" if kind == SIMULATED else "openai"
