"""Names runs that are compared by what differs between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from app.models import Run
from app.queries.differences import RunDifference

MOST_PARTS = 3
_SAYS_LITTLE = frozenset({"dataset", "prompt", "scorer", "engine"})
"""Differences whose values are digests: named only where nothing else differs."""


@dataclass(frozen=True, slots=True)
class RunLabel:
    """What a run is called among others.

    Attributes:
        name: Its model where that tells it from the others; else with what differs, or what
            differs alone where all have the same model.
        rest: What differs beside the model, such as ``temperature 0.7``; empty where nothing does.
    """

    name: str
    rest: str


def labels_of(rows: Sequence[Run], differences: Sequence[RunDifference]) -> list[RunLabel]:
    """Return the labels of some runs; no two names are the same."""
    telling = [each for each in differences if each.field not in _SAYS_LITTLE]
    used = (telling or list(differences))[:MOST_PARTS]
    rests = [", ".join(each.value_label(at) for each in used) for at in range(len(rows))]
    models = [run.model for run in rows]
    number = len(set(models))
    if number == len(rows):
        return [RunLabel(*label) for label in zip(models, rests, strict=True)]
    names = [
        rest if number == 1 and rest else ", ".join(filter(None, (model, rest)))
        for model, rest in zip(models, rests, strict=True)
    ]
    return [
        RunLabel(name if names.count(name) == 1 else f"{name} ({ascii_uppercase[at]})", rests[at])
        for at, name in enumerate(names)
    ]
