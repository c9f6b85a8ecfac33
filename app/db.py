"""The database: engine options, the declarative base, units of writing, the database's clock."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from pydantic_core import from_json
from sqlalchemy import JSON, DateTime, Dialect, Engine, Executable, MetaData, event, select
from sqlalchemy.engine import Connection, CursorResult, Result
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session, registry
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Float, TypeDecorator

if TYPE_CHECKING:
    import psycopg  # a driver that SQLite does not need

MIGRATIONS = Path(__file__).parents[1] / "migrations"
BUSY_TIMEOUT_MS = 10_000
IMPATIENT_MS = 50
IDLE_TRANSACTION_S = 60

_log = logging.getLogger(__name__)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored in UTC (SQLite keeps no zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive datetimes, which would silently mean the server's time zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the value as aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of all rows, with predictable constraint names so that migrations can drop them."""

    # On the registry, not on the class: Flask-SQLAlchemy derives from this class once more.
    registry = registry(
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
        type_annotation_map={datetime: UtcDateTime, dict[str, Any]: JSON, list[str]: JSON},
    )


db = SQLAlchemy(model_class=Base)


class db_epoch_s(FunctionElement[float]):  # noqa: N801 - reads as an SQL function
    """SQL for the database's clock in seconds since 1970, the one clock all workers share."""

    type = Float()
    inherit_cache = True


@compiles(db_epoch_s, "sqlite")
def _sqlite_epoch(element: db_epoch_s, compiler: SQLCompiler, **kw: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(db_epoch_s, "postgresql")
def _postgresql_epoch(element: db_epoch_s, compiler: SQLCompiler, **kw: Any) -> str:
    return "extract(epoch from clock_timestamp())::double precision"


_CLOCK_TOLERANCE_S = 1.0
_clock_error = timedelta()


def now() -> datetime:
    """Return the current time in UTC; in a worker, by the database's clock."""
    return datetime.now(UTC) - _clock_error


def measure_clock() -> None:
    """Measure how far this machine's clock is off the database's; `now` then corrects for it.

    Workers on several machines plan retries for each other. A database that is away changes
    nothing.
    """
    global _clock_error
    try:
        with db.engine.connect() as connection:
            asked_at = datetime.now(UTC)
            theirs = datetime.fromtimestamp(connection.scalar(select(db_epoch_s())) or 0.0, UTC)
            error = asked_at + (datetime.now(UTC) - asked_at) / 2 - theirs
    except DBAPIError:
        return
    small = abs(error.total_seconds()) < _CLOCK_TOLERANCE_S  # no more than the question took
    _clock_error = timedelta() if small else error


def engine_options(url: str) -> dict[str, Any]:
    """Return SQLAlchemy engine options for ``url``."""
    # An error must not carry what a statement was given into the log: prompts, answers, hashes.
    private: dict[str, Any] = {
        "hide_parameters": True,
        "json_deserializer": from_json,  # three times as fast as the standard library's
    }
    if url.startswith("sqlite"):
        return private | {
            "connect_args": {"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False}
        }
    return private | {
        "pool_pre_ping": True,
        "pool_recycle": 1800,
        "pool_size": 5,
        "max_overflow": 20,
        "pool_timeout": 10,
        "connect_args": {
            "connect_timeout": 5,
            "application_name": "openbench-studio",
            # A server whose machine is gone is noticed within half a minute, not half an hour.
            "tcp_user_timeout": 15_000,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
        },
    }


def _prepare_sqlite(connection: sqlite3.Connection, record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see below
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


def _prepare_postgresql(connection: psycopg.Connection, record: object) -> None:
    """Limit idle transactions, so that a suspended process does not block other writers."""
    connection.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_TRANSACTION_S}s'")
    connection.commit()


def init_db(app: Flask) -> None:
    """Attach the database to ``app`` and set up SQLite's connections."""
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    app.config.setdefault("SQLALCHEMY_ENGINE_OPTIONS", engine_options(url))
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)


def prepare_engine(engine: Engine) -> None:
    """Install SQLite's pragmas and explicit BEGIN, and PostgreSQL's limit of idleness."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _prepare_postgresql)


@contextmanager
def transaction() -> Iterator[Session]:
    """Commit all writes of the block, or none.

    On SQLite it takes the write lock at once (``BEGIN IMMEDIATE``): a transaction that reads
    first and writes later fails with "database is locked" whatever the busy timeout.
    """
    session = db.session()
    session.rollback()  # ends a read transaction that is still open; services never nest
    try:
        session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise


def write_in_passing(statement: Executable) -> None:
    """Execute an optional write; skips it if the database is busy or full.

    It takes the place of the session's connection, so that no request needs two.
    """
    db.session.rollback()
    try:
        with db.engine.connect() as connection, _impatience(connection):
            connection.execute(statement)
    except (OperationalError, PoolTimeout) as error:
        _log.info("not written", extra={"reason": type(error).__name__})


@contextmanager
def _impatience(connection: Connection) -> Iterator[None]:
    """Open a transaction on ``connection`` that waits only briefly for locks."""
    if connection.dialect.name == "postgresql":
        with connection.begin():
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {IMPATIENT_MS}")
            yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute(f"PRAGMA busy_timeout = {IMPATIENT_MS}")
    try:
        with connection.execution_options(sqlite_begin="IMMEDIATE").begin():
            yield
    finally:
        driver.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")


class StatementsTooSlowError(Exception):
    """What was asked of the database took longer than it may."""


@contextmanager
def end_statements_after(seconds: float) -> Iterator[None]:
    """End the session's reading in the block when so much time has passed; it is rolled back then.

    Raises:
        StatementsTooSlowError: It was ended.
    """
    session = db.session()
    connection = session.connection()
    limit = _limit_sqlite if connection.dialect.name == "sqlite" else _limit_postgresql
    try:
        with limit(connection, seconds):
            yield
    except OperationalError as error:
        if not _was_ended(error):
            raise
        session.rollback()
        raise StatementsTooSlowError from None


@contextmanager
def _limit_sqlite(connection: Connection, seconds: float) -> Iterator[None]:
    """Interrupt the connection from another thread: a function asked now and then needs the GIL."""
    driver: Any = connection.connection.driver_connection
    lock, over = threading.Lock(), threading.Event()

    def interrupt() -> None:
        with lock:  # never a statement that somebody makes with the connection afterwards
            if not over.is_set():
                driver.interrupt()

    timer = threading.Timer(seconds, interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with lock:
            over.set()
        timer.cancel()


@contextmanager
def _limit_postgresql(connection: Connection, seconds: float) -> Iterator[None]:
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(seconds * 1000)}")
    yield
    connection.exec_driver_sql("SET LOCAL statement_timeout TO DEFAULT")


def _was_ended(error: OperationalError) -> bool:
    """Return whether a statement was interrupted (SQLite) or canceled (PostgreSQL)."""
    query_canceled = "57014"
    return (
        getattr(error.orig, "sqlite_errorname", None) == "SQLITE_INTERRUPT"
        or getattr(error.orig, "sqlstate", None) == query_canceled
    )


def is_reachable(timeout_s: float = 1.0) -> bool:
    """Return whether the database answers a trivial query; never raises for a dead one."""
    try:
        with db.engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(timeout_s * 1000)}")
            connection.exec_driver_sql("SELECT 1")
    except OperationalError:
        return False
    return True


def changed_rows(result: Result[Any]) -> int:
    """Return how many rows an UPDATE or DELETE changed; 0 means its condition no longer held."""
    return result.rowcount if isinstance(result, CursorResult) else 0
