"""What is read of a run with many samples: the index that has all of it, not the long rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from app.db import db
from app.queries import samples
from app.queries.paired_scores import pair_scores
from app.services.accounts.accounts import Account
from tests.run_fixtures import add_run, add_samples

INDEX = "ix_samples_summary"


@pytest.fixture
def statements(app_context: Flask) -> Iterator[list[tuple[str, Any]]]:
    """The statements on samples that the database was given, with their parameters."""
    heard: list[tuple[str, Any]] = []

    def hear(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "FROM samples" in statement:
            heard.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", hear)
    yield heard
    event.remove(db.engine, "before_cursor_execute", hear)


@pytest.mark.parametrize(
    "read",
    [
        lambda run_id: pair_scores([run_id]),
        lambda run_id: samples.scores_and_latencies([run_id]),
        lambda run_id: samples.outcome_counts(run_id),
        lambda run_id: samples.outcome_counts(run_id, "easy"),
        lambda run_id: samples.categories(run_id),
    ],
    ids=["scores", "chart", "outcomes", "outcomes of a category", "categories"],
)
def test_it_is_read_from_the_index_alone(
    read: Callable[[str], object], owner: Account, statements: list[tuple[str, Any]]
) -> None:
    read(add_run(owner.id))
    ((statement, parameters),) = statements
    plan = _plan(statement, parameters, without=("seqscan", "bitmapscan", "indexscan"))
    expected = "Index Only Scan" if db.engine.dialect.name == "postgresql" else "COVERING INDEX"
    assert f"{expected} {INDEX}" in plan or f"{expected} using {INDEX}" in plan, plan


def _plan(statement: str, parameters: Any, *, without: Sequence[str]) -> str:
    """Return the plan; PostgreSQL would read so few rows in any of the ways ``without``."""
    with db.engine.connect() as connection:
        explain = "EXPLAIN QUERY PLAN"
        if db.engine.dialect.name == "postgresql":
            explain = "EXPLAIN"
            for way in without:
                connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        rows = connection.exec_driver_sql(f"{explain} {statement}", parameters).all()
    return "\n".join(str(row) for row in rows)


def test_the_latest_samples_of_a_run_are_not_looked_for_among_those_of_newer_ones(
    owner: Account, statements: list[tuple[str, Any]]
) -> None:
    run_id, newer = add_run(owner.id), add_run(owner.id)
    for each in (run_id, newer):
        add_samples(each, *[{} for _ in range(200)])
    with db.engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")
    latest = [row.sample_id for row in samples.latest_samples(run_id, 3)]
    assert latest == ["s199", "s198", "s197"]
    statement, parameters = next(each for each in statements if "LIMIT" in each[0])
    plan = _plan(statement, parameters, without=("seqscan",))
    assert "(run_id" in plan
    assert "pk_samples" not in plan
