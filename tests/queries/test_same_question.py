"""The same question in the run before and after."""

from __future__ import annotations

from flask import Flask

from app.queries.runs import get_run
from app.queries.same_question import runs_beside
from app.services.accounts.accounts import Account
from tests.run_fixtures import add_run, add_samples


def test_it_is_in_the_nearest_runs_of_the_account_that_asked_it(
    app_context: Flask, owner: Account, second_user: Account
) -> None:
    oldest, old, here, without, newer = (add_run(owner.id) for _ in range(5))
    other = add_run(owner.id, benchmark="gsm8k")
    foreign = add_run(second_user.id)
    for run_id in (oldest, old, here, newer, other, foreign):
        add_samples(run_id, {}, {})
    add_samples(without, {})
    run = get_run(here, owner.id)
    before, after = runs_beside(run, "s1")
    assert before is not None
    assert after is not None
    assert (before.run_id, after.run_id) == (old, newer)
    assert runs_beside(get_run(newer, owner.id), "s1")[1] is None


def test_of_own_data_only_the_same_version_has_the_same_question(
    app_context: Flask, owner: Account
) -> None:
    old, here = (
        add_run(owner.id, benchmark="own/x", benchmark_version=number) for number in (1, 2)
    )
    for run_id in (old, here):
        add_samples(run_id, {})
    assert runs_beside(get_run(here, owner.id), "s0") == (None, None)
