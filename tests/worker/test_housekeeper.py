"""The housekeeper: chores when due, none of which can stop the others."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from flask import Flask, current_app

from app.worker import housekeeper
from app.worker.housekeeper import Housekeeper


def test_runs_are_healed_in_an_app_context(queue_app: Flask) -> None:
    sweeps: list[str] = []
    Housekeeper(queue_app, lambda: sweeps.append(current_app.name)).tick()
    assert sweeps == ["bare"]


def test_the_sweep_runs_every_other_second_only(queue_app: Flask) -> None:
    sweeps: list[None] = []
    keeper = Housekeeper(queue_app, lambda: sweeps.append(None))
    for _ in range(3):
        keeper.tick()
    assert len(sweeps) == 1


def test_a_sweep_that_fails_is_told_once(
    queue_app: Flask, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeper, "SWEEP_EVERY_S", 0.0)
    sweeps: list[None] = []

    def fail() -> None:
        sweeps.append(None)
        raise OSError("away")

    failing = Housekeeper(queue_app, fail)
    failing.tick()
    failing.tick()
    assert len(sweeps) == 2
    assert [record.message for record in caplog.records] == ["chore failed"]


def test_the_first_tick_sweeps_the_folders_of_killed_programs(
    queue_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "sandbox-left").mkdir()
    Housekeeper(queue_app, lambda: None).tick()
    assert not (tmp_path / "sandbox-left").exists()
