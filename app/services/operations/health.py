"""Health checks of the database, queue server, disk and workers, each with a time limit."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from functools import cache
from typing import Any

from flask import Flask, current_app
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.broker import queues
from app.db import MIGRATIONS, db, is_reachable
from app.errors import Unavailable
from app.services.storage.disk_space import room
from app.version import __version__

log = logging.getLogger(__name__)

CHECK_S = 1.0
"""A check that takes longer counts as failed: a monitor must not hang with what it watches."""

_pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="health")


def report() -> dict[str, Any]:
    """Return the state of the Studio; never raises and takes at most about a second."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    database = _start(app, is_reachable)
    queue_state = _start(app, queues.is_reachable)
    workers = _start(app, _count_workers)
    deadline = time.monotonic() + CHECK_S
    parts = {
        "database": "ok" if _result(database, deadline, False) else "unreachable",
        "queue": "ok" if _result(queue_state, deadline, False) else "unreachable",
    }
    number = _result(workers, deadline, 0)
    parts["disk"] = room().level
    well = all(value == "ok" for value in parts.values()) and number > 0
    return {
        "status": "ok" if well else "degraded",
        "version": __version__,
        "uptime_s": round(time.monotonic() - app.extensions["started_at"], 1),
        **parts,
        "workers": number,
    }


def readiness() -> dict[str, str]:
    """Readiness checks by name: "ok" or the reason."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    database = _start(app, is_reachable)
    queue_state = _start(app, queues.is_reachable)
    deadline = time.monotonic() + CHECK_S
    reachable = _result(database, deadline, False)
    checks = {
        "database": "ok" if reachable else "unreachable",
        "queue": "ok" if _result(queue_state, deadline, False) else "unreachable",
        "migrations": "unknown",
        "disk": room().level,
    }
    if reachable:
        migrated = _result(_start(app, _is_migrated), deadline + CHECK_S, False)
        checks["migrations"] = "ok" if migrated else "pending"
    return checks


def _start(app: Flask, check: Callable[[], Any]) -> Future[Any]:
    def run() -> Any:
        with app.app_context():
            return check()

    return _pool.submit(run)


def _result(future: Future[Any], deadline: float, otherwise: Any) -> Any:
    try:
        error = future.exception(timeout=max(0.01, deadline - time.monotonic()))
    except Late:
        future.cancel()
        return otherwise
    if error is not None:
        log.warning("health check failed", extra={"error": type(error).__name__})
        return otherwise
    return future.result()


def _count_workers() -> int:
    try:
        return queues.count_workers()
    except Unavailable:
        return 0


def _is_migrated() -> bool:
    """Return whether the database has the newest schema that this version knows."""
    try:
        with db.engine.connect() as connection:
            found = connection.scalars(text("SELECT version_num FROM alembic_version")).all()
    except SQLAlchemyError:
        return False
    return list(found) == [newest_revision()]


@cache
def newest_revision() -> str:
    """Return the last migration's number, with which its file's name begins.

    Without Alembic, which would read and run all migrations in each web process.
    """
    return max(file.name for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))[:4]
