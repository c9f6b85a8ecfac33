"""How long the dashboard's queries take, with and without the three indexes on runs.

    scripts/bench queries [--runs 1000 100000] [--postgresql URL]

Fills a new database with runs of 50 accounts, then times each query (median of 30, warm) with
the indexes of migration 0002 and after its downgrade. Prints a row a query.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from empty_database import empty_database

ACCOUNTS = 50
REPEATS = 30
BATCH = 5_000


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="scripts/bench queries",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument(
        "--postgresql", metavar="URL", help="a database that is emptied; default: SQLite"
    )
    arguments = parser.parse_args()
    for number in arguments.runs:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            os.environ.update(DATA_DIR=folder, LOG_LEVEL="ERROR")
            os.environ["DATABASE_URL"] = arguments.postgresql or ""
            measure(number)


def measure(number: int) -> None:
    from sqlalchemy import text

    from app import create_app
    from app.config import load_settings
    from app.db import db
    from app.supervisor.migration import migrate

    app = create_app(load_settings())
    with app.app_context():
        empty_database(db.engine)
        migrate(load_settings())
        fill(number)
        backend = db.engine.dialect.name
        with db.engine.connect() as connection:
            connection.execute(text("ANALYZE"))
            connection.commit()
        indexed = {name: median_ms(query) for name, query in queries().items()}
        drop_indexes()
        bare = {name: median_ms(query) for name, query in queries().items()}
        sys.stdout.write(f"\n{number:,} runs, {backend}; median ms\n")
        sys.stdout.write(f"{'query':34} {'with indexes':>13} {'without':>9}\n")
        for name in indexed:
            sys.stdout.write(f"{name:34} {indexed[name]:13.2f} {bare[name]:9.2f}\n")
        db.session.remove()
        db.engine.dispose()


def fill(number: int) -> None:
    from sqlalchemy import insert

    from app.db import now, transaction
    from app.models import AccountRow, Run

    rng = random.Random(1)
    benchmarks = [f"benchmark_{index}" for index in range(30)]
    models = [f"provider/model-{index}" for index in range(20)]
    statuses = ["completed"] * 90 + ["failed"] * 6 + ["canceled"] * 3 + ["running"]
    start = now() - timedelta(days=365)
    with transaction() as session:
        session.execute(
            insert(AccountRow),
            [
                {"id": index + 1, "email": f"user{index}@example.org", "password_hash": "x"}
                for index in range(ACCOUNTS)
            ],
        )
    for first in range(0, number, BATCH):
        rows = [
            {
                "user_id": rng.randint(1, ACCOUNTS),
                "status": rng.choice(statuses),
                "benchmark": rng.choice(benchmarks),
                "benchmark_version": 1,
                "protocol": "inspect",
                "model": rng.choice(models),
                "config": {"limit": None, "epochs": 1, "max_error_rate": 0.1},
                "total": 1000,
                "done": 1000,
                "scored": 1000,
                "score_sum": 700.0,
                "created_at": start + timedelta(days=365) * ((first + index) / number),
            }
            for index in range(min(BATCH, number - first))
        ]
        with transaction() as session:
            session.execute(insert(Run), rows)


def queries() -> dict[str, Callable[[], Any]]:
    from sqlalchemy import func, select

    from app.db import db
    from app.models import ACTIVE, Run
    from app.queries import dashboard, runs

    account = 7
    return {
        "an account's latest 25": lambda: runs.list_runs(
            account, runs.RunFilter(), limit=25, with_total=False
        ),
        "the same, with their number": lambda: runs.list_runs(account, runs.RunFilter(), limit=25),
        "an account's runs of a benchmark": lambda: runs.list_runs(
            account, runs.RunFilter(benchmark="benchmark_3"), limit=25, with_total=False
        ),
        "active runs of all accounts": lambda: db.session.execute(
            select(Run.id, Run.attempt).where(Run.status.in_(ACTIVE))
        ).all(),
        "runs by status": lambda: runs.count_by_status(account),
        "active runs of an account": lambda: runs.count_active(account),
        "runs of a benchmark": lambda: db.session.execute(
            select(func.count()).where(Run.benchmark == "benchmark_3")
        ).scalar(),
        "key figures": lambda: dashboard.key_figures(account),
    }


def median_ms(query: Callable[[], Any]) -> float:
    from app.db import db

    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        query()
        times.append((time.perf_counter() - started) * 1000)
        db.session.rollback()
        db.session.expunge_all()
    return statistics.median(times)


def drop_indexes() -> None:
    from sqlalchemy import text

    from app.db import db

    with db.engine.connect() as connection:
        for name in ("ix_runs_user_id_created_at", "ix_runs_status", "ix_runs_benchmark"):
            connection.execute(text(f"DROP INDEX {name}"))
        connection.commit()


if __name__ == "__main__":
    main()
