"""Fills a database with as much as a busy Studio has after a year."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from sqlalchemy import insert

from app.db import now, transaction
from app.models import AccountRow, Run, SampleRow

ACCOUNTS = 50
_BATCH = 5_000


def fill(number: int, samples: int) -> dict[str, str]:
    """Store ``number`` runs of 50 accounts, and two of ``samples`` samples of the first one.

    Returns:
        The ids of those two, ``big`` and ``other``.
    """
    rng = random.Random(1)  # noqa: S311 - the same each time
    benchmarks = ["gsm8k", "mmlu", "arc_challenge", "hellaswag", "gen_chain_sum", "boolq"]
    models = [f"provider/model-{index}" for index in range(20)]
    statuses = ["completed"] * 90 + ["failed"] * 6 + ["canceled"] * 3 + ["paused"]
    start = now() - timedelta(days=365)
    score = {
        "metric": "accuracy",
        "value": 0.7,
        "stderr": 0.01,
        "ci95": [0.68, 0.72],
        "bounds": [0.7, 0.7],
        "n": 1000,
    }
    with transaction() as session:
        session.execute(
            insert(AccountRow),
            [
                {"id": index + 1, "email": f"user{index}@example.org", "password_hash": "x"}
                for index in range(ACCOUNTS)
            ],
        )
    base = {
        "benchmark_version": 1,
        "protocol": "inspect",
        "config": {"limit": None, "epochs": 1, "max_error_rate": 0.1},
        "tags": ["nightly"],
        "score": score,
        "score_value": 0.7,
        "scored": 1000,
        "score_sum": 700.0,
        "active_s": 60.0,
        "cost_usd": 0.12,
    }
    for first in range(0, number, _BATCH):
        rows = [
            {
                **base,
                "user_id": 1 if rng.random() < 0.1 else rng.randint(2, ACCOUNTS),
                "status": rng.choice(statuses),
                "benchmark": rng.choice(benchmarks),
                "model": rng.choice(models),
                "cost_usd": (first + index) % 97 / 100,
                "total": 1000,
                "done": 1000,
                "correct": 700,
                "incorrect": 300,
                "started_at": start,
                "finished_at": start,
                "created_at": start + timedelta(days=365) * ((first + index) / number),
            }
            for index in range(min(_BATCH, number - first))
        ]
        with transaction() as session:
            session.execute(insert(Run), rows)
    return {name: _add_big_run(base, name, samples) for name in ("big", "other")}


def _add_big_run(base: dict[str, Any], name: str, samples: int) -> str:
    rng = random.Random(name)  # noqa: S311 - the same each time
    wanted = {
        **base,
        "status": "completed",
        "benchmark": "mmlu",
        "model": f"provider/model-{name}",
        "digests": {"dataset": "d", "prompt": "p", "scorer": "s"},
        "started_at": now(),
        "finished_at": now(),
    }
    counts = {"total": samples, "done": samples, "scored": samples}
    with transaction() as session:
        run = Run(user_id=1, **{**wanted, **counts, "score_sum": samples * 0.7})
        session.add(run)
        session.flush()
        run_id = run.id
    right = 0
    for first in range(0, samples, _BATCH):
        rows = []
        for index in range(first, min(first + _BATCH, samples)):
            correct = rng.random() < 0.7
            right += correct
            question = f"Question {index}. " + "words " * 90
            rows.append(
                {
                    "run_id": run_id,
                    "sample_id": f"q-{index}",
                    "position": index,
                    "category": f"subject {index % 57}",
                    "outcome": "correct" if correct else "incorrect",
                    "score": float(correct),
                    "input": [{"role": "user", "content": "An example. " * 300 + question}],
                    "question": question,
                    "target": "A",
                    "completion": "Let me think about it. " * 20 + "ANSWER: A",
                    "answer": "A",
                    "explanation": "",
                    "detail": {},
                    "finish_reason": "stop",
                    "latency_ms": rng.randint(300, 4000),
                    "input_tokens": 150,
                    "output_tokens": 120,
                    "attempts": 1,
                }
            )
        with transaction() as session:
            session.execute(insert(SampleRow), rows)
    with transaction() as session:
        found = session.get_one(Run, run_id)
        found.correct, found.incorrect = right, samples - right
        found.score_sum = float(right)
    return run_id
