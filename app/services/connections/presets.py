"""Names and kinds of connections, and presets for well-known providers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from app.engine.clients.http_model import Auth
from app.engine.clients.providers import AUTHS, KINDS, PROVIDERS, Kind, KnownProvider

__all__ = ["AUTHS", "Auth", "Kind"]

SIMULATED: Kind = "simulated"
KIND_LABELS: Mapping[str, str] = MappingProxyType(
    {kind: known.label for kind, known in KINDS.items()}
)
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
    return Preset(
        known.name, known.title, known.kind, known.base_url, known.needs_key, known.key_env
    )


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {name: _preset(known) for name, known in PROVIDERS.items() if name != SIMULATED}
)
