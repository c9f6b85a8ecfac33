"""Knights and knaves: who tells the truth? Every puzzle has exactly one solution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from random import Random

from app.engine.benchmarks.generated.family import Family, Puzzle
from app.engine.benchmarks.generated.vocabulary import NAMES, in_words

Kinds = tuple[bool, ...]
"""For each person whether they are a knight."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What one person says, as text and as a test of a world."""

    text: str
    holds: Callable[[Kinds], bool]


def _about_one(me: int, other: int, names: list[str], knight: bool) -> Statement:
    kind = "knight" if knight else "knave"
    return Statement(f"{names[other]} is a {kind}.", lambda world: world[other] == knight)


def _same_kind(me: int, other: int, names: list[str], same: bool) -> Statement:
    word = "the same kind" if same else "different kinds"
    return Statement(
        f"{names[other]} and I are {word}.", lambda world: (world[me] == world[other]) == same
    )


def _either(me: int, other: int, names: list[str], knight: bool) -> Statement:
    kind = "knight" if knight else "knave"
    return Statement(
        f"At least one of {names[other]} and me is a {kind}.",
        lambda world: world[me] == knight or world[other] == knight,
    )


def _count(me: int, other: int, names: list[str], knight: bool) -> Statement:
    number = 1 + (me + other) % (len(names) - 1)
    kind = "knights" if knight else "knaves"
    return Statement(
        f"Exactly {number} of the {len(names)} of us are {kind}.",
        lambda world: sum(kind == knight for kind in world) == number,
    )


def _if_then(me: int, other: int, names: list[str], knight: bool) -> Statement:
    third = next(i for i in range(len(names)) if i not in (me, other))
    kind = "knight" if knight else "knave"
    return Statement(
        f"If {names[other]} is a knight, then {names[third]} is a {kind}.",
        lambda world: not world[other] or world[third] == knight,
    )


CLAIMS = (_about_one, _same_kind, _either, _count, _if_then)


def solutions(claims: list[Statement]) -> list[Kinds]:
    """Return every world in which exactly the knights' claims hold."""
    return [
        world
        for world in product((True, False), repeat=len(claims))
        if all(claim.holds(world) == kind for claim, kind in zip(claims, world, strict=True))
    ]


def knights_knaves(rng: Random, level: int) -> Puzzle:
    """Draw claims until exactly one world fits them."""
    count = (2, 3, 5)[level]
    kinds = CLAIMS[: (3, 4, 5)[level]]
    while True:
        names = sorted(rng.sample(NAMES, count))
        claims = []
        for me in range(count):
            other = rng.choice([i for i in range(count) if i != me])
            claims.append(rng.choice(kinds)(me, other, names, rng.random() < 0.5))
        worlds = solutions(claims)
        if len(worlds) == 1:
            break
    said = "\n".join(f"{name}: {claim.text}" for name, claim in zip(names, claims, strict=True))
    question = (
        f"{in_words(names)} live on an island where everyone is either a knight, who only tells "
        f"the truth, or a knave, who only lies. They say:\n\n{said}\n\nWho are the knights?"
    )
    world = worlds[0]
    wrong = [_listed(names, tuple(not kind for kind in world))]
    for flip in range(count):
        wrong.append(_listed(names, tuple(k != (i == flip) for i, k in enumerate(world))))
    return Puzzle(question, _listed(names, world), tuple(wrong), details={"unordered": True})


def _listed(names: list[str], world: Kinds) -> str:
    return ", ".join(n for n, kind in zip(names, world, strict=True) if kind) or "none"


BENCHMARKS = (
    Family(
        name="knights_knaves",
        title="Knights and knaves",
        category="reasoning",
        description="Finds who tells the truth among two to five people; one solution each.",
        make=knights_knaves,
        scorer="exact/list",
        answer_form="<names separated by commas, or none>",
        input_tokens=105,
    ).benchmark(),
)
