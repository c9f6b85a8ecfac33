"""Many runs at once: one that fails does not stop the others, a queue that is away does."""

from __future__ import annotations

import pytest
from flask import Flask

from app.errors import Conflict, Invalid, QueueAway
from app.services.accounts.accounts import Account
from app.services.runs import bulk, lifecycle
from tests.run_fixtures import add_run, columns_of


def test_a_run_that_changed_meanwhile_is_left_out_and_the_others_are_done(
    app_context: Flask, owner: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [add_run(owner.id, status="failed") for _ in range(3)]
    delete = lifecycle.delete_run

    def delete_one(run_id: str, account_id: int) -> None:
        if run_id == ids[1]:
            raise Conflict("An active run cannot be deleted.", code="run_active")
        delete(run_id, account_id)

    monkeypatch.setattr(lifecycle, "delete_run", delete_one)
    monkeypatch.setattr(lifecycle, "forget", lambda *_: None)
    done = bulk.carry_out("delete", owner.id, [*ids, ids[0]])
    assert [run.id for run in done.runs] == [ids[0], ids[2]]
    assert [(each.run.id, each.reason) for each in done.skipped] == [
        (ids[1], "An active run cannot be deleted")
    ]
    assert columns_of(ids[1])["status"] == "failed"


def test_a_queue_that_is_away_is_asked_once(
    app_context: Flask, owner: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [add_run(owner.id, status="failed", error=1) for _ in range(3)]
    asked = []

    def resume(run_id: str, *_: object, **__: object) -> None:
        asked.append(run_id)
        raise QueueAway("the run was not resumed")

    monkeypatch.setattr(lifecycle, "resume_run", resume)
    done = bulk.carry_out("retry_errors", owner.id, ids)
    assert (asked, done.runs, len(done.skipped)) == (ids[:1], [], 3)


def test_tags_that_another_tab_gave_meanwhile_stay(
    app_context: Flask, owner: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = add_run(owner.id, tags=["old"])
    planned = bulk.plan("tag", owner.id, [run_id])
    lifecycle.annotate_run(run_id, owner.id, tags=["old", "other"])
    monkeypatch.setattr(bulk, "plan", lambda *_: planned)
    done = bulk.carry_out("tag", owner.id, [run_id], bulk.TagChange(["new"], ["old"]))
    assert len(done.runs) == 1
    assert columns_of(run_id)["tags"] == ["other", "new"]


@pytest.mark.parametrize("number", [0, bulk.MOST_RUNS + 1])
def test_so_many_runs_and_no_more(app_context: Flask, owner: Account, number: int) -> None:
    with pytest.raises(Invalid):
        bulk.carry_out("delete", owner.id, [f"run {at}" for at in range(number)])


def test_another_accounts_runs_are_never_touched(
    app_context: Flask, owner: Account, second_user: Account
) -> None:
    foreign = add_run(second_user.id, status="failed")
    for action in bulk.ACTIONS:
        done = bulk.carry_out(action, owner.id, [foreign], bulk.TagChange(["x"], []))
        assert (done.runs, done.skipped) == ([], [])
    assert columns_of(foreign)["tags"] == []
