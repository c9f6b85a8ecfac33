"""Health never fails and never hangs; readiness says what is missing."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Flask
from redis import Redis

from app import __version__
from app.broker.client import get_broker
from app.db import MIGRATIONS, db
from app.services.operations import health

SOON_S = 10.0  # two on a machine with nothing else to do


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


@pytest.fixture
def black_hole() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        yield listener.getsockname()[1]


def asked(app: Flask, path: str) -> tuple[int, Any, float]:
    began = time.monotonic()
    answer = app.test_client().get(path)
    return answer.status_code, answer.json, time.monotonic() - began


def test_a_studio_with_workers_is_well(app: Flask, broker_url: str) -> None:
    broker = Redis.from_url(broker_url)
    broker.sadd("rq:workers:runs", "rq:worker:w1")
    broker.hset("rq:worker:w1", "birth", "now")
    status, body, _ = asked(app, "/health")
    assert status == 200
    assert body["uptime_s"] >= 0
    assert {**body, "uptime_s": 0} == {
        "status": "ok",
        "version": __version__,
        "uptime_s": 0,
        "database": "ok",
        "queue": "ok",
        "disk": "ok",
        "workers": 1,
    }


def test_without_workers_it_is_degraded(app: Flask) -> None:
    status, body, _ = asked(app, "/health")
    assert (status, body["status"], body["queue"], body["workers"]) == (200, "degraded", "ok", 0)


def test_nobody_may_keep_the_answer(app: Flask) -> None:
    assert app.test_client().get("/health").headers["Cache-Control"] == "no-store"


def test_a_queue_that_is_gone_is_said_soon(make_app: Callable[..., Flask]) -> None:
    away = make_app()
    status, body, took_s = asked(away, "/health")
    assert (status, body["status"], body["database"], body["queue"]) == (
        200,
        "degraded",
        "ok",
        "unreachable",
    )
    assert took_s < SOON_S
    status, body, took_s = asked(away, "/ready")
    assert (status, body["ready"], body["checks"]["queue"]) == (503, False, "unreachable")
    assert took_s < SOON_S


def test_a_queue_that_hangs_is_said_soon(make_app: Callable[..., Flask], black_hole: int) -> None:
    hanging = make_app(redis_url=f"redis://127.0.0.1:{black_hole}/0")
    status, body, took_s = asked(hanging, "/health")
    assert (status, body["queue"], body["workers"]) == (200, "unreachable", 0)
    assert took_s < SOON_S
    with hanging.app_context():
        get_broker().connection_pool.disconnect()


def test_a_database_that_is_gone_is_said(
    make_app: Callable[..., Flask], broker_url: str, tmp_path: Path
) -> None:
    app = make_app(redis_url=broker_url)
    with app.app_context():
        db.engine.dispose()
        if db.engine.dialect.name != "sqlite":
            pytest.skip("takes the file away")
    for file in tmp_path.glob("studio.db*"):
        file.unlink()
    (tmp_path / "studio.db").mkdir()
    status, body, took_s = asked(app, "/health")
    assert (status, body["database"], body["status"]) == (200, "unreachable", "degraded")
    assert took_s < SOON_S
    status, body, _ = asked(app, "/ready")
    assert status == 503
    assert body["checks"]["database"] == "unreachable"
    assert body["checks"]["migrations"] == "unknown"
    with app.app_context():
        get_broker().connection_pool.disconnect()
    (tmp_path / "studio.db").rmdir()


def test_a_check_that_breaks_counts_as_failed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> bool:
        raise RuntimeError("pool exhausted")

    monkeypatch.setattr(health, "is_reachable", broken)
    status, body, _ = asked(app, "/health")
    assert (status, body["database"]) == (200, "unreachable")
    assert "pool exhausted" not in str(body)


def test_a_check_that_hangs_counts_as_failed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    over = Event()
    monkeypatch.setattr(health, "CHECK_S", 0.1)
    monkeypatch.setattr(health, "is_reachable", lambda: over.wait(60))
    status, body, took_s = asked(app, "/health")
    over.set()
    assert (status, body["database"]) == (200, "unreachable")
    assert took_s < SOON_S


def test_it_is_ready_once_the_newest_tables_are_there(
    make_app: Callable[..., Flask], broker_url: str, tmp_path: Path
) -> None:
    app = make_app(redis_url=broker_url)
    status, body, _ = asked(app, "/ready")  # tables without a version: not by our migrations
    assert (status, body["checks"]["migrations"]) == (503, "pending")
    with app.app_context():
        if db.engine.dialect.name != "sqlite":
            pytest.skip("needs a database of its own")
        db.drop_all()
    assert app.test_cli_runner().invoke(args=["db", "upgrade"]).exit_code == 0
    status, body, _ = asked(app, "/ready")
    assert (status, body) == (
        200,
        {
            "ready": True,
            "checks": {"database": "ok", "queue": "ok", "migrations": "ok", "disk": "ok"},
        },
    )
    with app.app_context():
        get_broker().connection_pool.disconnect()


def test_neither_needs_an_account_nor_counts_against_a_limit(app: Flask) -> None:
    assert {app.test_client().get("/health").status_code for _ in range(30)} == {200}


def test_the_newest_revision_is_the_one_that_alembic_knows() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    heads = ScriptDirectory.from_config(config).get_heads()
    assert heads == [health.newest_revision()]
