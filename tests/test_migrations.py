"""Migrations: up, down and up again, to exactly the tables that the models describe."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import create_engine, delete, inspect, select, text
from sqlalchemy.engine import make_url

from app import create_app
from app.db import db, transaction
from app.models import (
    AccountRow,
    Connection,
    Delivery,
    DeliveryAttempt,
    Run,
    SampleRow,
    Webhook,
)
from tests.app_fixtures import make_settings
from tests.run_fixtures import add_run, add_samples

Flasks = Callable[..., Result]
TABLES = set(db.metadata.tables)
RUN_INDEXES = {"ix_runs_user_id_created_at", "ix_runs_status", "ix_runs_benchmark"}


def _postgresql_schema() -> Iterator[str]:
    url = make_url(os.environ["TEST_DATABASE_URL"]).set(drivername="postgresql+psycopg")
    schema = f"migrations_{os.getpid()}_{secrets.token_hex(4)}"
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    scoped = url.update_query_dict({"options": f"-csearch_path={schema}"})
    yield scoped.render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The address of a database without tables; ``None``: a new SQLite file."""
    if request.param == "sqlite":
        yield None
    elif "TEST_DATABASE_URL" in os.environ:
        yield from _postgresql_schema()
    else:
        pytest.skip("TEST_DATABASE_URL names no PostgreSQL")


@pytest.fixture
def studio(
    tmp_path: Path, empty_database: str | None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Flask]:
    """An application on that database, started from another folder than the project's."""
    monkeypatch.chdir(tmp_path)
    app = create_app(make_settings(tmp_path, empty_database))
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def flask(studio: Flask) -> Flasks:
    """Runs ``flask db ...``."""

    def run(*arguments: str) -> Result:
        return studio.test_cli_runner().invoke(args=["db", *arguments])

    return run


def tables(app: Flask) -> set[str]:
    with app.app_context():
        return set(inspect(db.engine).get_table_names()) - {"alembic_version"}


def test_up_down_and_up_again_leaves_no_trace_and_no_drift(studio: Flask, flask: Flasks) -> None:
    assert flask("upgrade").exit_code == 0
    assert tables(studio) == TABLES
    check = flask("check")
    assert check.exit_code == 0, check.output
    assert flask("downgrade", "base").exit_code == 0
    assert tables(studio) == set()
    assert flask("upgrade").exit_code == 0
    assert tables(studio) == TABLES


def test_the_indexes_go_and_come_without_touching_a_row(studio: Flask, flask: Flasks) -> None:
    flask("upgrade")

    def indexes() -> set[str]:
        with studio.app_context():
            return {str(index["name"]) for index in inspect(db.engine).get_indexes("runs")}

    assert indexes() >= RUN_INDEXES
    with studio.app_context():
        user_id = _add_user()
        run_id = add_run(user_id)
        db.session.remove()
    assert flask("downgrade", "0001").exit_code == 0
    assert not indexes() & RUN_INDEXES
    assert flask("upgrade").exit_code == 0
    assert indexes() >= RUN_INDEXES
    with studio.app_context():
        assert db.session.scalars(select(Run.id)).all() == [run_id]


def _add_user(email: str = "a@example.org") -> int:
    with transaction() as session:
        user = AccountRow(email=email, password_hash="x")
        session.add(user)
        session.flush()
        return user.id


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (
            select(Run.id).where(Run.user_id == 1).order_by(Run.created_at.desc()).limit(50),
            "ix_runs_user_id_created_at",
        ),
        (select(Run.id).where(Run.status == "running"), "ix_runs_status"),
        (select(Run.id).where(Run.benchmark == "gsm8k"), "ix_runs_benchmark"),
    ],
)
def test_the_dashboards_queries_use_their_index(
    studio: Flask, flask: Flasks, query: Any, index: str
) -> None:
    flask("upgrade")
    with studio.app_context():
        sql = str(query.compile(db.engine, compile_kwargs={"literal_binds": True}))
        postgresql = db.engine.dialect.name == "postgresql"
        with db.engine.connect() as connection:
            if postgresql:  # with so few rows it would rather read them all
                connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            explain = "EXPLAIN" if postgresql else "EXPLAIN QUERY PLAN"
            plan = "\n".join(str(row) for row in connection.exec_driver_sql(f"{explain} {sql}"))
    assert index in plan
    assert "TEMP B-TREE" not in plan


def test_rows_that_belong_to_an_account_go_with_it(studio: Flask, flask: Flasks) -> None:
    flask("upgrade")
    with studio.app_context():
        add_run(_add_user())
        with transaction() as session:
            session.execute(delete(AccountRow))
        assert db.session.scalars(select(Run.id)).all() == []


def test_what_was_skipped_has_no_column_and_runs_stay(studio: Flask, flask: Flasks) -> None:
    flask("upgrade")

    def columns() -> set[str]:
        with studio.app_context():
            return {str(column["name"]) for column in inspect(db.engine).get_columns("runs")}

    with studio.app_context():
        run_id = add_run(_add_user(), status="canceled", total=5, done=1)
        add_samples(run_id, {"sample_id": "s0"})
        db.session.remove()
    assert "skipped" not in columns()
    assert flask("downgrade", "0011").exit_code == 0
    assert "skipped" in columns()
    assert flask("upgrade").exit_code == 0
    assert "skipped" not in columns()
    with studio.app_context():
        assert db.session.get_one(Run, run_id).counts()["skipped"] == 4
        assert db.session.scalars(select(SampleRow.sample_id)).all() == ["s0"]


def test_a_cost_of_nothing_without_a_token_count_was_unknown(studio: Flask, flask: Flasks) -> None:
    flask("upgrade")
    with studio.app_context():
        owner = _add_user()
        done: dict[str, Any] = {"done": 3, "error": 1, "simulated": False, "cost_usd": 0.0}
        uncounted = add_run(owner, **done, input_tokens=0, output_tokens=0)
        counted = add_run(owner, **done, input_tokens=9, output_tokens=1)
        simulated = add_run(owner, **{**done, "simulated": True}, input_tokens=0, output_tokens=0)
        db.session.remove()
    assert flask("downgrade", "0017").exit_code == 0
    assert flask("upgrade").exit_code == 0
    with studio.app_context():
        found = {run.id: (run.cost_usd, run.unmetered) for run in db.session.scalars(select(Run))}
    assert found == {uncounted: (None, 2), counted: (0.0, 0), simulated: (0.0, 0)}


def test_runs_get_a_name_and_the_score_that_they_are_sorted_by(
    studio: Flask, flask: Flasks
) -> None:
    flask("upgrade")
    with studio.app_context():
        owner = _add_user()
        scored = add_run(owner, score={"metric": "accuracy", "value": 0.25}, name="gone")
        unscored = add_run(owner, score=None)
        db.session.remove()
    assert flask("downgrade", "0021").exit_code == 0
    assert "run_views" not in tables(studio)
    assert flask("upgrade").exit_code == 0
    with studio.app_context():
        found = {run.id: (run.name, run.score_value) for run in db.session.scalars(select(Run))}
        assert found == {scored: ("", 0.25), unscored: ("", None)}
        assert db.session.scalars(select(AccountRow.run_columns)).all() == [None]


def test_streaming_comes_and_goes_without_touching_a_row(studio: Flask, flask: Flasks) -> None:
    flask("upgrade")
    with studio.app_context():
        owner = _add_user()
        speed = {"first_token_s": {"p50": 0.5, "p95": 0.5}, "output_tokens_per_s": None}
        run_id = add_run(owner, speed=speed)
        add_samples(run_id, {"first_token_s": 0.5}, {"sample_id": "other"})
        with transaction() as session:
            session.add(
                Connection(user_id=owner, name="x", kind="openai", base_url="", stream=True)
            )
        db.session.remove()

    def speed_indexes() -> list[list[str | None]]:
        with studio.app_context():
            indexes = inspect(db.engine).get_indexes("samples")
            return [each["column_names"] for each in indexes if each["name"] == "ix_samples_speed"]

    assert speed_indexes() == [["run_id", "first_token_s", "output_tokens_per_s"]]
    assert flask("downgrade", "0018").exit_code == 0
    assert speed_indexes() == []
    assert flask("upgrade").exit_code == 0
    assert len(speed_indexes()) == 1
    with studio.app_context():
        run = db.session.get_one(Run, run_id)
        assert (run.speed, run.counts()["total"]) == (None, 4)
        rows = db.session.scalars(select(SampleRow).order_by(SampleRow.position)).all()
        assert [(row.sample_id, row.first_token_s) for row in rows] == [
            ("s0", None),
            ("other", None),
        ]
        assert db.session.scalars(select(Connection.stream)).all() == [None]


def test_first_steps_are_over_for_who_has_run_something_and_failures_count_by_event(
    studio: Flask, flask: Flasks
) -> None:
    flask("upgrade")
    with studio.app_context():
        owner, newcomer = _add_user(), _add_user("new@example.org")
        add_run(owner)
        with transaction() as session:
            session.add(
                Webhook(
                    id="w", user_id=owner, url="", events=[], sealed_secret="", failures_in_a_row=2
                )
            )
            session.flush()
            for status in ("failed", "pending"):
                session.add(
                    Delivery(
                        id=status, webhook_id="w", event_key=status, event="run.failed",
                        payload="{}", status=status,
                        attempts=[DeliveryAttempt(number=1, body_excerpt="thanks")],
                    )
                )  # fmt: skip
        db.session.remove()
    assert flask("downgrade", "0024").exit_code == 0
    assert flask("upgrade").exit_code == 0
    with studio.app_context():
        closed = {
            row.id: row.first_steps_closed_at for row in db.session.scalars(select(AccountRow))
        }
        assert closed[owner] is not None
        assert closed[newcomer] is None
        assert db.session.scalars(select(Webhook.failures_in_a_row)).all() == [2]
        rows = list(db.session.scalars(select(Delivery).order_by(Delivery.id)))
        assert [row.given_up for row in rows] == [True, False]
        attempts = [attempt for row in rows for attempt in row.attempts]
        assert [(each.body_excerpt, each.sent_body) for each in attempts] == [("thanks", None)] * 2
