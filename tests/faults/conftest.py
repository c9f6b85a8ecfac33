"""The fault suite: real processes, real kills, real restarts. Run it with ``scripts/faults``.

Each test is a row of the table of faults, marked with its number; those that take minutes are
marked ``ci=False`` and run by number or with ``--all`` only. At the end a table is printed:
fault, kill point, result. The ordinary suite does not collect this folder.
"""

from __future__ import annotations

import os
import random
import secrets
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy.engine import URL, make_url

from tests.faults.invariants import Ledger, ledger_of
from tests.faults.processes import ROOT
from tests.faults.provider import Provider, write_questions
from tests.faults.studio import CANARY, Studio
from tests.run_fixtures import Receiver

SEED = int(os.environ.get("FAULT_SEED", "1"))  # noqa: TID251


@dataclass
class Row:
    """A line of the table at the end."""

    number: int
    fault: str
    point: str
    result: str = ""
    verdict: str = "?"
    seconds: float = 0.0


_ROW = pytest.StashKey[Row]()
_rows: list[Row] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rows", default="ci", help="ci, all, or numbers of the table of faults: 4,7")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "row(number, fault, ci=True): a row of the table of faults")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = config.getoption("rows")
    numbers = {int(part) for part in wanted.split(",")} if wanted not in ("ci", "all") else set()
    chosen: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        mark = item.get_closest_marker("row")
        if mark is None:
            continue
        take = (
            mark.args[0] in numbers if numbers else (wanted == "all" or mark.kwargs.get("ci", True))
        )
        (chosen if take else others).append(item)
    chosen.sort(key=lambda item: item.get_closest_marker("row").args[0])  # type: ignore[union-attr]
    config.hook.pytest_deselected(items=others)
    items[:] = chosen


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report: pytest.TestReport = yield  # type: ignore[misc, assignment]
    row = item.stash.get(_ROW, None)
    if row is not None:
        row.seconds += report.duration
        if report.failed:
            row.verdict = "FAILED"
            row.result = row.result or str(report.longreprtext).strip().splitlines()[-1]
        elif report.skipped:
            row.verdict, row.result = "skipped", str(call.excinfo.value if call.excinfo else "")
        elif report.when == "call":
            row.verdict = "passed"
    return report  # type: ignore[return-value]


def pytest_runtest_setup(item: pytest.Item) -> None:
    mark = item.get_closest_marker("row")
    if mark is not None:
        callspec = getattr(item, "callspec", None)
        row = Row(mark.args[0], mark.args[1], callspec.id if callspec else "")
        item.stash[_ROW] = row
        _rows.append(row)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _rows:
        return
    terminalreporter.section(f"faults (seed {SEED})")
    heads = ("row", "fault", "kill point", "verdict", "s", "result")
    lines = [
        (str(row.number), row.fault, row.point, row.verdict, f"{row.seconds:.1f}", row.result)
        for row in _rows
    ]
    widths = [max(len(line[column]) for line in [heads, *lines]) for column in range(5)]
    for line in [heads, *lines]:
        cells = [cell.ljust(width) for cell, width in zip(line[:5], widths, strict=True)]
        terminalreporter.write_line("  ".join([*cells, line[5]]))


class Note:
    """Where a test says what it struck at and what came of it."""

    def __init__(self, row: Row) -> None:
        self._row = row

    def point(self, text: str) -> None:
        """Say when the fault struck."""
        self._row.point = text

    def result(self, text: str) -> None:
        """Say what was measured."""
        self._row.result = text


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Note:
    """The line of this test in the table."""
    return Note(request.node.stash[_ROW])


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """Chooses kill points: the same for the same ``FAULT_SEED``."""
    return random.Random(f"{SEED} {request.node.name}")  # noqa: S311 - reproducible, no secret


@pytest.fixture(scope="session")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mirror of datasets with our own questions, and their scripted answers."""
    folder = tmp_path_factory.mktemp("mirror")
    write_questions(folder)
    return folder


@pytest.fixture
def provider(mirror: Path) -> Iterator[Provider]:
    """A provider that answers within 0.1 s and takes the planted key only."""
    running = Provider(mirror / "answers.json", CANARY, 0.1)
    yield running
    running.close()


def _migrate(database_url: str | None, folder: Path) -> None:
    env = {"DATA_DIR": str(folder), "PATH": os.defpath}
    if database_url is not None:
        env["DATABASE_URL"] = database_url
    command = [sys.executable, "-m", "app.supervisor.migration"]
    subprocess.run(command, cwd=ROOT, env=env, check=True)


@pytest.fixture(scope="session")
def server_url() -> URL | None:
    """The PostgreSQL server to test on; ``None``: SQLite."""
    given = os.environ.get("TEST_DATABASE_URL")  # noqa: TID251
    return make_url(given).set(drivername="postgresql") if given else None


def _sql(server: URL, statement: SQL, *names: str) -> None:
    address = server.render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(statement.format(*(Identifier(name) for name in names)))


@pytest.fixture(scope="session")
def empty_database(
    server_url: URL | None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path | str]:
    """A migrated, empty database to copy: a file of SQLite, or a name on the server."""
    folder = tmp_path_factory.mktemp("template")
    if server_url is None:
        _migrate(None, folder)
        with closing(sqlite3.connect(folder / "studio.db")) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        yield folder / "studio.db"
        return
    name = f"faults_{os.getpid()}_empty"
    _sql(server_url, SQL("CREATE DATABASE {}"), name)
    try:
        _migrate(server_url.set(database=name).render_as_string(hide_password=False), folder)
        yield name
    finally:
        _sql(server_url, SQL("DROP DATABASE {} WITH (FORCE)"), name)


@pytest.fixture
def database(server_url: URL | None, empty_database: Path | str) -> Iterator[str | None]:
    """The URL of a database of this test's own; ``None``: SQLite."""
    if server_url is None or isinstance(empty_database, Path):
        yield None
        return
    name = f"faults_{os.getpid()}_{secrets.token_hex(4)}"
    _sql(server_url, SQL("CREATE DATABASE {} TEMPLATE {}"), name, empty_database)
    yield server_url.set(database=name).render_as_string(hide_password=False)
    _sql(server_url, SQL("DROP DATABASE {} WITH (FORCE)"), name)


@pytest.fixture
def make_studio(
    database: str | None,
    empty_database: Path | str,
    mirror: Path,
    provider: Provider,
    receiver: Receiver,
) -> Iterator[Callable[..., Studio]]:
    """Makes a Studio with an account, a connection and a webhook; without workers."""
    made: list[Studio] = []

    def make(**options: object) -> Studio:
        url = options.pop("database_url", database)
        studio = Studio(url, mirror, provider, **options)  # type: ignore[arg-type]
        made.append(studio)
        studio.open(empty_database if isinstance(empty_database, Path) else None)
        studio.set_up(receiver.url)
        return studio

    yield make
    for studio in made:
        studio.close()


@pytest.fixture
def studio(make_studio: Callable[..., Studio]) -> Studio:
    """A Studio with default settings."""
    return make_studio()


@pytest.fixture(scope="session")
def undisturbed(
    mirror: Path, empty_database: Path | str, server_url: URL | None
) -> Callable[[int], Ledger]:
    """The samples of a run that nothing happened to, of the first so many questions."""
    ledger: Ledger = {}
    samples = 400

    def first(number: int) -> Ledger:
        if not ledger:
            ledger.update(_run_undisturbed(mirror, empty_database, server_url, samples))
        assert number <= samples
        return {key: row for key, row in ledger.items() if int(key[0]) <= number}

    return first


def _run_undisturbed(
    mirror: Path, empty_database: Path | str, server_url: URL | None, samples: int
) -> Ledger:
    provider = Provider(mirror / "answers.json", CANARY, 0.0)
    name, url, template = "", None, empty_database
    if server_url is not None and isinstance(empty_database, str):
        name, template = f"faults_{os.getpid()}_calm", None  # type: ignore[assignment]
        _sql(server_url, SQL("CREATE DATABASE {} TEMPLATE {}"), name, empty_database)
        url = server_url.set(database=name).render_as_string(hide_password=False)
    studio = Studio(url, mirror, provider)
    try:
        studio.open(template if isinstance(template, Path) else None)
        studio.set_up()
        studio.start_pool()
        run_id = studio.submit(samples)
        studio.wait_for_status(run_id, "completed")
        assert provider.calls == samples
        return ledger_of(studio, run_id)
    finally:
        studio.close()
        provider.close()
        if server_url is not None and name:
            _sql(server_url, SQL("DROP DATABASE {} WITH (FORCE)"), name)
