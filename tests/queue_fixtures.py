"""Fixtures with a real queue server: an embedded one, or the one that ``TEST_REDIS_URL`` names."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis

from app.broker import queue_server
from app.broker.client import connect
from app.config import Settings, load_settings
from app.db import db, init_db
from app.lifeline import die_with_parent


def die_with_tests() -> None:
    """Leave no server behind when the tests are killed."""
    die_with_parent(signal.SIGKILL)


@pytest.fixture(scope="session")
def broker_url() -> Iterator[str]:
    """The address of a queue server for this test process, emptied at the start.

    ``TEST_REDIS_URL`` is used when it is set and tests do not run in parallel, which would empty
    each other's queues.
    """
    given = os.environ.get("TEST_REDIS_URL")
    if given and "PYTEST_XDIST_WORKER" not in os.environ:
        Redis.from_url(given).flushdb()
        yield given
        return
    # Not tmp_path: the path of a socket may have 103 bytes only.
    with tempfile.TemporaryDirectory(prefix="obs-queue-") as folder:
        process = queue_server.ensure(Path(folder), in_child=die_with_tests)
        assert process is not None
        yield f"unix://{folder}/{queue_server.SOCKET_NAME}"
        queue_server.stop(process)


@pytest.fixture
def queue_settings(broker_url: str, tmp_path: Path) -> Settings:
    """Settings with a queue server that is empty, and a data folder of the test's own."""
    Redis.from_url(broker_url).flushdb()
    return load_settings(data_dir=tmp_path, redis_url=broker_url, database_url=None, web_threads=8)


@pytest.fixture
def queue_app(queue_settings: Settings) -> Iterator[Flask]:
    """The least application that queue, live view and worker need."""
    app = bare_app(queue_settings)
    yield app
    with app.app_context():
        db.engine.dispose()  # Python 3.13 warns of connections that nobody closed


@pytest.fixture
def broker(queue_settings: Settings) -> Iterator[Redis]:
    """A client of the queue server."""
    with connect(queue_settings) as client:
        yield client


def bare_app(settings: Settings) -> Flask:
    """Return an application with settings and database, without pages."""
    app = Flask("bare")
    app.extensions["settings"] = settings
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database
    init_db(app)
    return app


def forget_attempts(settings: Settings) -> None:
    """Empty the counters of a Studio's rate limits: all tests come from one address at once."""
    with connect(settings) as broker:
        for name in broker.scan_iter("LIMITS:*"):
            broker.delete(name)
