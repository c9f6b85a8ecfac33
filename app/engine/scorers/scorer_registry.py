"""All scorers by profile name, found in this folder: a new file with ``SCORERS`` is enough.

A module may define three tables, each by profile name (``mcq/inspect``):

- ``SCORERS``: scorers that need nothing else;
- ``JUDGED``: factories that take a judge (a call of a model) and return a scorer;
- ``SANDBOXED``: factories that take a sandbox (a place to run code) and return a scorer.

A fourth, ``VERSIONS``, holds the number of a profile whose verdicts have changed since its first.

What the registry hands out never sees what a model or a judge thought aloud (see ``reasoning``).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from app.engine import scorers
from app.engine.scorers.judge import answering
from app.engine.scorers.reasoning import (
    after_lone_closing,
    scoring_the_answer,
    without_balanced_thought,
    without_first_thought,
    without_thoughts,
)
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


def _answer_only(profile: str, scorer: Scorer) -> Scorer:
    return scoring_the_answer(scorer, _visible(profile.rpartition("/")[2]))


def _visible(source: str) -> Callable[[str], str]:
    if source == "openbench":
        return lambda text: without_first_thought(after_lone_closing(text))
    if source.startswith(("inspect", "google")):
        return lambda text: without_balanced_thought(after_lone_closing(text))
    return without_thoughts


@cache
def _factories(attribute: str) -> Mapping[str, ScorerFactory]:
    def answer_only(profile: str, factory: ScorerFactory) -> ScorerFactory:
        return lambda means: _answer_only(profile, factory(means))

    table = _table(attribute)
    return MappingProxyType({name: answer_only(name, table[name]) for name in table})


@cache
def all_scorers() -> Mapping[str, Scorer]:
    """Return every scorer that needs neither judge nor sandbox, by profile name, sorted.

    Raises:
        ValueError: Two modules define the same profile.
    """
    table = _table("SCORERS")
    return MappingProxyType({name: _answer_only(name, table[name]) for name in table})


def judged_scorers() -> Mapping[str, ScorerFactory]:
    """Return the factories of scorers that need a judge, by profile name, sorted.

    Raises:
        ValueError: Two modules define the same profile.
    """
    return _judged()


@cache
def _judged() -> Mapping[str, ScorerFactory]:
    def asking(factory: ScorerFactory) -> ScorerFactory:
        return lambda judge: factory(answering(judge))

    factories = _factories("JUDGED")
    return MappingProxyType({name: asking(factories[name]) for name in factories})


def sandboxed_scorers() -> Mapping[str, ScorerFactory]:
    """Return the factories of scorers that need a sandbox, by profile name, sorted.

    Raises:
        ValueError: Two modules define the same profile.
    """
    return _factories("SANDBOXED")


def versioned_name(profile: str) -> str:
    """Return a profile's name with the version of its verdicts, where that is not the first.

    It goes into the digest of a run: runs whose scorers decide differently do not compare.
    """
    version = _table("VERSIONS").get(profile, 1)
    return profile if version == 1 else f"{profile}#{version}"
