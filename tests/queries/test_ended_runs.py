"""What is kept of runs that have ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from app.db import now, transaction
from app.models import Run, SampleRow
from app.queries import runs
from app.queries.comparisons import SampleChoice, comparison_of, listed_samples
from app.queries.ended_runs import EndedRuns
from app.services.accounts.accounts import Account
from tests.run_fixtures import add_run, add_samples


class Reader:
    """Reads ids, and counts how often."""

    def __init__(self) -> None:
        self.reads = 0

    def __call__(self, run_ids: Sequence[str], **options: Any) -> list[Any]:
        self.reads += 1
        return [*run_ids, options]


@pytest.fixture
def ended(app_context: Flask, owner: Account) -> Any:
    """Makes a run that has ended: ``ended(done=3)``."""

    def make(**columns: Any) -> Run:
        values = {"status": "completed", "finished_at": now(), **columns}
        return runs.get_run(add_run(owner.id, **values), owner.id)

    return make


def change(run: Run, **values: Any) -> None:
    with transaction() as session:
        session.execute(update(Run).where(Run.id == run.id).values(values))


def test_ended_runs_are_read_once_for_each_question(ended: Any) -> None:
    kept, read = EndedRuns(), Reader()
    a, b = ended(), ended()
    for _ in range(2):
        assert kept.read(read, [a, b]) == [a.id, b.id, {}]
        assert kept.read(read, [b, a]) == [b.id, a.id, {}]
        assert kept.read(read, [a, b], by="name") == [a.id, b.id, {"by": "name"}]
    assert read.reads == 3
    kept.forget()
    kept.read(read, [a, b])
    assert read.reads == 4


@pytest.mark.parametrize("status", ["queued", "running", "paused"])
def test_runs_that_may_go_on_are_read_each_time(ended: Any, status: str) -> None:
    kept, read = EndedRuns(), Reader()
    both = [ended(), ended(status=status)]
    kept.read(read, both)
    kept.read(read, both)
    assert read.reads == 2


def test_no_more_is_kept_than_fits_and_what_is_asked_for_stays(ended: Any) -> None:
    kept, read = EndedRuns(most_samples=10), Reader()
    a, b, c, large = ended(done=4), ended(done=4), ended(done=4), ended(done=11)
    for run in (a, b, a, c):  # b goes
        kept.read(read, [run])
    assert read.reads == 3
    kept.read(read, [a])
    assert read.reads == 3
    kept.read(read, [b])
    assert read.reads == 4
    kept.read(read, [large])
    kept.read(read, [large])
    assert read.reads == 6


def test_a_run_that_was_taken_up_again_is_compared_by_its_new_answers(
    ended: Any, owner: Account
) -> None:
    rows = [ended(done=2), ended(done=2)]
    for run in rows:
        add_samples(run.id, {"sample_id": "x", "score": 1.0}, {"sample_id": "y", "score": 0.0})
    different = SampleChoice("different")
    assert comparison_of(rows)["flips_total"] == 0
    assert listed_samples(rows, different) == []
    with transaction() as session:
        session.execute(
            update(SampleRow)
            .where(SampleRow.run_id == rows[1].id, SampleRow.sample_id == "y")
            .values(score=1.0, answer="another")
        )
    change(rows[1], attempt=Run.attempt + 1)
    rows = [runs.get_run(run.id, owner.id) for run in rows]
    assert comparison_of(rows)["flips_total"] == 1
    assert listed_samples(rows, different) == ["y"]
