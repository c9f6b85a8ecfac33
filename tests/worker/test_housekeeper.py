"""The housekeeper: chores when due, none of which can stop the others."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from flask import Flask, current_app
from redis import Redis

from app.broker import queues
from app.config import Settings
from app.worker import housekeeper
from app.worker.housekeeper import Housekeeper
from tests.faults.processes import wait_until
from tests.queue_fixtures import bare_app


def test_runs_are_healed_in_an_app_context(queue_app: Flask) -> None:
    sweeps: list[str] = []
    Housekeeper(queue_app, {"sweep": lambda: sweeps.append(current_app.name)}).tick()
    assert sweeps == ["bare"]


def test_jobs_that_are_due_are_queued(queue_app: Flask, broker: Redis) -> None:
    with queue_app.app_context():
        queues.enqueue_delivery("soon", 1, delay_s=0.05)
        queues.enqueue_delivery("late", 1, delay_s=600)
    keeper = Housekeeper(queue_app, {"sweep": lambda: None})

    def moved() -> bool:
        keeper.tick()
        return broker.llen("rq:queue:webhooks") == 1

    wait_until(moved, "the job")
    assert broker.lrange("rq:queue:webhooks", 0, -1) == [b"delivery-soon-1"]
    assert broker.zrange("rq:scheduled:webhooks", 0, -1) == [b"delivery-late-1"]


def test_without_a_queue_server_the_sweep_goes_on_and_the_outage_is_told_once(
    queue_settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeper, "SWEEP_EVERY_S", 0.0)
    away = queue_settings.model_copy(update={"redis_url": "redis://127.0.0.1:9/0"})
    sweeps: list[None] = []
    keeper = Housekeeper(bare_app(away), {"sweep": lambda: sweeps.append(None)})
    keeper.tick()
    keeper.tick()
    assert len(sweeps) == 2
    assert [record.message for record in caplog.records] == ["chore failed"]


def test_the_sweep_runs_every_other_second_only(queue_app: Flask) -> None:
    sweeps: list[None] = []
    keeper = Housekeeper(queue_app, {"sweep": lambda: sweeps.append(None)})
    for _ in range(3):
        keeper.tick()
    assert len(sweeps) == 1


def test_a_sweep_that_fails_keeps_no_other_from_running(queue_app: Flask) -> None:
    swept: list[str] = []

    def fail() -> None:
        raise ValueError("a bug")

    sweeps = {"first": fail, "second": lambda: swept.append("second")}
    Housekeeper(queue_app, sweeps).tick()
    assert swept == ["second"]


def test_a_sweep_that_fails_is_told_once(
    queue_app: Flask, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeper, "SWEEP_EVERY_S", 0.0)
    sweeps: list[None] = []

    def fail() -> None:
        sweeps.append(None)
        raise OSError("away")

    failing = Housekeeper(queue_app, {"sweep": fail})
    failing.tick()
    failing.tick()
    assert len(sweeps) == 2
    assert [record.message for record in caplog.records] == ["chore failed"]


def test_the_first_tick_sweeps_the_folders_of_killed_programs(
    queue_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "sandbox-left").mkdir()
    Housekeeper(queue_app, {"sweep": lambda: None}).tick()
    assert not (tmp_path / "sandbox-left").exists()
