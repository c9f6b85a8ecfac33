"""Whose turn it is, and how many are before a run."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import update

from app.db import transaction
from app.models import AccountRow, Run
from app.queries.run_turns import next_turns, queue_positions
from app.services.accounts.accounts import Account
from app.services.runs.leases import claim_run, release_lease
from tests.app_fixtures import ApiClient
from tests.run_fixtures import add_run

pytestmark = pytest.mark.usefixtures("app_context")


def turns(**how: int) -> list[str]:
    return [turn.run_id for turn in next_turns(100, **how)]


def change(run_id: str, **columns: object) -> None:
    with transaction() as session:
        session.execute(update(Run).where(Run.id == run_id).values(**columns))


def test_accounts_take_turns_however_many_runs_one_has(
    owner: Account, second_user: Account
) -> None:
    many = [add_run(owner.id) for _ in range(3)]
    few = [add_run(second_user.id) for _ in range(2)]
    assert turns() == [many[0], few[0], many[1], few[1], many[2]]


def test_the_account_with_fewer_runs_under_way_goes_first(
    owner: Account, second_user: Account
) -> None:
    assert claim_run(add_run(owner.id), 10)
    mine, theirs = add_run(owner.id), add_run(second_user.id)
    assert turns() == [theirs, mine]
    assert turns(most_under_way=1) == [theirs]


def test_a_run_that_makes_room_counts_as_gone(owner: Account, second_user: Account) -> None:
    lease = claim_run(add_run(owner.id), 10)
    assert lease is not None
    change(lease.run_id, yielding=True)
    mine = add_run(owner.id)
    assert turns(most_under_way=1) == [mine]


def test_among_equals_the_account_served_longest_ago_goes_first(
    owner: Account, second_user: Account
) -> None:
    lease = claim_run(add_run(owner.id), 10)
    assert lease is not None
    mine, theirs = add_run(owner.id), add_run(second_user.id)
    assert release_lease(lease)
    assert turns() == [theirs, mine, lease.run_id]


def test_who_was_served_comes_after_those_who_were_not(owner: Account) -> None:
    first = claim_run(add_run(owner.id), 10)
    assert first is not None
    second = add_run(owner.id)
    assert release_lease(first)
    assert turns() == [second, first.run_id]


def test_everybody_is_served_while_others_come_back(owner: Account, second_user: Account) -> None:
    """Taken and given back again and again, as by slices: nobody is left out."""
    runs = [add_run(owner.id) for _ in range(4)] + [add_run(second_user.id)]
    served = []
    for _ in range(2 * len(runs)):
        lease = claim_run(turns()[0], 10)
        assert lease is not None
        served.append(lease.run_id)
        assert release_lease(lease)
    assert set(served) == set(runs)


def test_a_run_over_which_a_worker_died_is_not_in_the_common_order(owner: Account) -> None:
    suspect, other = add_run(owner.id, worker_deaths=1), add_run(owner.id)
    assert turns() == [other]
    assert queue_positions(owner.id) == {other: 0}
    assert suspect not in queue_positions(owner.id)


def test_positions_are_those_of_the_account_among_all(
    owner: Account, second_user: Account, api: ApiClient, second_api: ApiClient
) -> None:
    mine = [add_run(owner.id) for _ in range(3)]
    theirs = add_run(second_user.id)
    assert queue_positions(owner.id) == {mine[0]: 0, mine[1]: 2, mine[2]: 3}
    assert api.get(f"/runs/{mine[1]}").json["queue_position"] == 2
    listed = api.get("/runs").json["items"]
    assert {each["run_id"]: each["queue_position"] for each in listed} == {
        mine[0]: 0,
        mine[1]: 2,
        mine[2]: 3,
    }
    assert second_api.get(f"/runs/{theirs}").json["queue_position"] == 1
    assert claim_run(theirs, 10)
    assert second_api.get(f"/runs/{theirs}").json["queue_position"] is None


def test_a_claim_notes_when_account_and_run_were_served(app_context: Flask, owner: Account) -> None:
    from app.db import db

    run_id = add_run(owner.id)
    assert claim_run(run_id, 10)
    assert db.session.get_one(AccountRow, owner.id).served_at > 0
    assert db.session.get_one(Run, run_id).served_at > 0
