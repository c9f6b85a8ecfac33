"""The housekeeper: chores when due, none of which can stop the others."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import pytest
from flask import Flask, current_app
from redis import Redis

from app import queue
from app.config import Settings
from app.worker.housekeeper import Housekeeper
from tests.queue_fixtures import bare_app


def test_due_deliveries_are_queued_and_runs_healed_in_an_app_context(
    queue_app: Flask, broker: Redis
) -> None:
    sweeps: list[str] = []
    with queue_app.app_context():
        queue.enqueue_delivery("soon", 1, delay_s=0.05)
        queue.enqueue_delivery("late", 1, delay_s=60)
    time.sleep(1.05)  # scheduled to the second
    Housekeeper(queue_app, lambda: sweeps.append(current_app.name)).tick()
    assert broker.lrange("rq:queue:webhooks", 0, -1) == [b"delivery-soon-1"]
    assert broker.zrange("rq:scheduled:webhooks", 0, -1) == [b"delivery-late-1"]
    assert sweeps == ["bare"]


def test_the_sweep_runs_every_other_second_only(queue_app: Flask) -> None:
    sweeps: list[None] = []
    housekeeper = Housekeeper(queue_app, lambda: sweeps.append(None))
    for _ in range(3):
        housekeeper.tick()
    assert len(sweeps) == 1


def test_without_a_queue_server_the_sweep_goes_on_and_the_outage_is_told_once(
    queue_settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    away = queue_settings.model_copy(update={"redis_url": "redis://127.0.0.1:9/0"})
    sweeps: list[None] = []
    housekeeper = Housekeeper(bare_app(away), lambda: sweeps.append(None))
    housekeeper.tick()
    housekeeper.tick()
    assert len(sweeps) == 1
    assert [record.message for record in caplog.records] == ["chore failed"]


def test_the_first_tick_sweeps_the_folders_of_killed_programs(
    queue_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "sandbox-left").mkdir()
    Housekeeper(queue_app, lambda: None).tick()
    assert not (tmp_path / "sandbox-left").exists()
