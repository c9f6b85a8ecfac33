"""In which order benchmarks are offered, and which are for a first look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from app.db import db
from app.models import Run

LATEST = 200
"""By so many of its latest runs is known what an account works with."""

FIRST_LOOK = ("gsm8k", "arc_challenge", "ifeval", "gen_word_problems")
"""Small, scored by rules alone, and understood at a glance; the last one needs no download."""

WELL_KNOWN = (
    "gsm8k",
    "arc_challenge",
    "ifeval",
    "mmlu_pro",
    "gpqa_diamond",
    "math_500",
    "mmlu",
    "humaneval",
    "aime_2024",
    "bbh",
    "hellaswag",
    "truthfulqa_mc1",
    "simpleqa",
    "gen_word_problems",
)
"""What others report, most wanted first."""


def benchmarks_in_use(account_id: int) -> list[str]:
    """Return the names of what the account ran lately: most often first, then most recently."""
    latest = db.session.scalars(
        select(Run.benchmark)
        .where(Run.user_id == account_id)
        .order_by(Run.created_at.desc())
        .limit(LATEST)
    )
    return [name for name, _ in Counter(latest).most_common()]  # equals stay as they were met


def in_order(cards: Sequence[dict[str, Any]], used: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Sort cards: those that run here first, of them what is used, own, well known, by title."""

    def rank(names: Sequence[str], name: str) -> int:
        return names.index(name) if name in names else len(names)

    def order(card: dict[str, Any]) -> tuple[bool, int, bool, int, str]:
        name = card["name"]
        return (
            not card["available"],
            rank(used, name),
            card["category"] != "own",
            rank(WELL_KNOWN, name),
            card["title"].lower(),
        )

    return sorted(cards, key=order)
