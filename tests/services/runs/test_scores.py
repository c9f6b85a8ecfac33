"""Scores of runs, computed from their rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.engine.statistics import pass_at_k
from tests.run_fixtures import rows_of

Start = Callable[..., str]
Work = Callable[..., dict[str, Any]]


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


def test_several_epochs_give_pass_at_k_by_sample(app: Flask, start_run: Start, work: Work) -> None:
    run_id = start_run(model="simulated/novice", limit=6, epochs=3)
    score = work(run_id)["score"]
    tries: dict[str, list[float]] = {}
    with app.app_context():
        rows = rows_of(run_id)
    for row in rows:
        tries.setdefault(row.sample_id, []).append(row.score or 0.0)
    assert {len(scores) for scores in tries.values()} == {3}
    expected = sum(pass_at_k(3, int(sum(scores)), 2) for scores in tries.values()) / 6
    assert set(score["pass_at_k"]) == {"1", "2"}
    assert score["pass_at_k"]["2"] == pytest.approx(expected)
    assert score["pass_at_k"]["1"] == pytest.approx(score["value"])


def test_one_epoch_has_no_pass_at_k(app: Flask, start_run: Start, work: Work) -> None:
    run_id = start_run(limit=3)
    assert "pass_at_k" not in work(run_id)["score"]
