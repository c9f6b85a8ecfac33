"""Which runs a leaderboard ranks."""

from __future__ import annotations

from typing import Any

from flask import Flask

from app.engine.benchmarks.benchmark_registry import all_benchmarks
from app.queries.leaderboards import leaderboard
from app.services.accounts.accounts import Account
from tests.run_fixtures import BENCHMARK, add_run

SCORE = {"metric": "accuracy", "value": 0.5, "stderr": 0.1, "ci95": [0.3, 0.7], "n": 4}


def test_runs_whose_scorer_decided_otherwise_are_not_ranked(app: Flask, owner: Account) -> None:
    finished: dict[str, Any] = {"simulated": False, "status": "completed", "score": SCORE}
    with app.app_context():
        for model, scorer in (
            ("local/old", "exact/number@1"),
            ("local/new", "exact/number#2@1"),
            ("local/unknown", None),
        ):
            digests = {"scorer": scorer} if scorer else {}
            add_run(owner.id, config={"limit": None}, model=model, digests=digests, **finished)
        ranked = leaderboard(owner.id, all_benchmarks()[BENCHMARK])
    assert {run.model for run in ranked} == {"local/new", "local/unknown"}
