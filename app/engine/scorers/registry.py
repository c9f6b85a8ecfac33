"""All scorers by profile name, found in this folder: a new file with ``SCORERS`` is enough.

A module may define three tables, each by profile name (``mcq/inspect``):

- ``SCORERS``: scorers that need nothing else;
- ``JUDGED``: factories that take a judge (a call of a model) and return a scorer;
- ``SANDBOXED``: factories that take a sandbox (a place to run code) and return a scorer.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from app.engine import scorers
from app.engine.types import Scorer

ScorerFactory = Callable[[Any], Scorer]


@cache
def _table(attribute: str) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for info in pkgutil.walk_packages(scorers.__path__, f"{scorers.__name__}."):
        module = importlib.import_module(info.name)
        for name, entry in getattr(module, attribute, {}).items():
            if name in found:
                raise ValueError(f"scorer {name} is defined twice")
            found[name] = entry
    return MappingProxyType(dict(sorted(found.items())))


def all_scorers() -> Mapping[str, Scorer]:
    """Return every scorer that needs neither judge nor sandbox, by profile name, sorted.

    Raises:
        ValueError: Two modules define the same profile.
    """
    return _table("SCORERS")


def judged_scorers() -> Mapping[str, ScorerFactory]:
    """Return the factories of scorers that need a judge, by profile name, sorted.

    Raises:
        ValueError: Two modules define the same profile.
    """
    return _table("JUDGED")


def sandboxed_scorers() -> Mapping[str, ScorerFactory]:
    """Return the factories of scorers that need a sandbox, by profile name, sorted.

    Raises:
        ValueError: Two modules define the same profile.
    """
    return _table("SANDBOXED")
