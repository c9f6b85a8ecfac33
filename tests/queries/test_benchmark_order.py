"""The order of benchmarks: what is used, what is known, and the rest."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.current import get_settings
from app.db import now
from app.engine.benchmarks.benchmark_registry import all_benchmarks
from app.queries import benchmarks
from app.queries.benchmark_order import (
    FIRST_LOOK,
    LATEST,
    WELL_KNOWN,
    benchmarks_in_use,
    in_order,
)
from app.services.accounts.accounts import Account
from tests.run_fixtures import add_run

pytestmark = pytest.mark.usefixtures("app_context")


def ran(account: Account, benchmark: str, days_ago: float) -> None:
    created_at = now() - timedelta(days=days_ago)
    add_run(account.id, benchmark=benchmark, created_at=created_at, status="completed")


def test_all_that_is_named_exists_and_is_fit_for_a_first_look() -> None:
    known = all_benchmarks()
    assert set(FIRST_LOOK) <= set(WELL_KNOWN) <= set(known)
    assert not any(known[name].requirements for name in FIRST_LOOK)
    assert known[FIRST_LOOK[-1]].offline


def test_what_was_run_most_comes_first_then_what_was_run_last(
    owner: Account, second_user: Account
) -> None:
    for days_ago in (1, 2, 3):
        ran(owner, "mmlu", days_ago)
    ran(owner, "gen_primes", 0.5)
    ran(owner, "gen_anagrams", 0.1)
    ran(second_user, "gsm8k", 0.1)
    assert benchmarks_in_use(owner.id) == ["mmlu", "gen_anagrams", "gen_primes"]


def test_what_was_run_long_ago_is_forgotten(owner: Account) -> None:
    ran(owner, "gen_primes", 9)
    for _ in range(LATEST):
        ran(owner, "mmlu", 1)
    assert benchmarks_in_use(owner.id) == ["mmlu"]


def test_those_that_run_here_are_sorted_by_use_then_own_then_by_fame_then_by_title() -> None:
    def card(
        name: str, title: str = "", category: str = "math", *, runs: bool = True
    ) -> dict[str, object]:
        return {"name": name, "title": title, "category": category, "available": runs}

    cards = [
        card("gen_anagrams", "Anagrams"),
        card("gen_primes", "Primes"),
        card("math_500"),
        card("ifeval"),
        card("gsm8k", runs=False),
        card("own/mine", "Mine", "own"),
        card("gen_weekdays", "Weekdays"),
    ]
    names = [each["name"] for each in in_order(cards, ["gen_weekdays"])]
    assert names == [
        "gen_weekdays", "own/mine", "ifeval", "math_500", "gen_anagrams", "gen_primes", "gsm8k",
    ]  # fmt: skip


def test_the_mark_is_on_what_runs_here_and_was_not_run_yet(owner: Account) -> None:
    settings = get_settings().model_copy(update={"offline": True})

    def marked() -> list[str]:
        shown = benchmarks.cards(settings, owner.id, benchmarks_in_use(owner.id))
        return [card["name"] for card in shown if card["for_first_look"]]

    assert marked() == ["gen_word_problems"]
    assert benchmarks.cards(settings, owner.id)[0]["name"] == "gen_word_problems"
    ran(owner, "gen_word_problems", 1)
    assert marked() == []
