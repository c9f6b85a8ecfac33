"""Fixtures of runs: an application with a queue server, runs from request to result, servers.

Tests that need the queue say so with a fixture of their own::

    @pytest.fixture
    def app(app_with_queue: Flask) -> Flask:
        return app_with_queue
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import update

from app.broker.client import get_broker
from app.db import db, db_epoch_s, transaction
from app.engine.benchmarks.benchmark_registry import all_benchmarks
from app.engine.datasets.loader import DatasetLoader
from app.engine.types import CallFailure, Outcome, Sample, SampleResult, TokenUsage
from app.models import Delivery, Run, SampleRow
from app.services.accounts.accounts import Account
from app.services.connections import store
from app.services.runs.execution import execute
from app.services.webhooks import deliveries
from tests.app_fixtures import ApiClient
from tests.fakes.model_server import ModelServer
from tests.fakes.webhook_receiver import Received, Receiver, receiving

__all__ = ["Received", "Receiver"]

BENCHMARK = "gen_chain_sum"
MODEL = "simulated/expert"
RUN: dict[str, Any] = {"benchmark": BENCHMARK, "model": MODEL, "limit": 5}


@pytest.fixture
def app_with_queue(make_app: Callable[..., Flask], broker_url: str) -> Iterator[Flask]:
    """The application with an empty queue server; webhooks may reach this machine."""
    Redis.from_url(broker_url).flushdb()
    app = make_app(redis_url=broker_url, egress_allow="127.0.0.0/8")
    yield app
    with app.app_context():
        get_broker().connection_pool.disconnect()


@pytest.fixture
def start_run(api: ApiClient) -> Callable[..., str]:
    """Starts a run through the API and returns its id: ``start_run(limit=3)``."""

    def start(client: ApiClient = api, **options: Any) -> str:
        answer = client.post("/runs", json=RUN | options)
        assert answer.status_code == 201, answer.text
        return str(answer.json["run_id"])

    return start


@pytest.fixture
def work(app: Flask) -> Callable[..., dict[str, Any]]:
    """Works on a run as a worker does and returns its columns afterwards."""

    def run_job(run_id: str, draining: Event | None = None) -> dict[str, Any]:
        with app.app_context():
            execute(run_id, app.extensions["settings"], draining or Event())
            return columns_of(run_id)

    return run_job


def columns_of(run_id: str) -> dict[str, Any]:
    """Return a run's row as it is in the database now."""
    db.session.rollback()
    run = db.session.get_one(Run, run_id, populate_existing=True)
    return {column.key: getattr(run, column.key) for column in Run.__table__.columns}


def rows_of(run_id: str) -> list[SampleRow]:
    """Return the samples of a run in order."""
    db.session.rollback()
    return list(
        db.session.query(SampleRow)
        .filter_by(run_id=run_id)
        .order_by(SampleRow.position, SampleRow.epoch)
    )


def expire_lease(run_id: str) -> None:
    """Let the lease of a run end a second ago."""
    with transaction() as session:
        session.execute(update(Run).where(Run.id == run_id).values(lease_until=db_epoch_s() - 1))


CONFIG: Mapping[str, Any] = {
    "limit": 4,
    "epochs": 1,
    "temperature": 0.0,
    "top_p": None,
    "max_tokens": 256,
    "seed": None,
    "timeout_s": 10.0,
    "max_connections": 4,
    "max_retries": 0,
    "budget_usd": None,
    "max_error_rate": 0.1,
    "protocol": "studio",
}


def add_run(user_id: int, *, config: Mapping[str, Any] | None = None, **columns: Any) -> str:
    """Insert a run without the queue and return its id."""
    values: dict[str, Any] = {
        "benchmark": BENCHMARK,
        "benchmark_version": all_benchmarks()[BENCHMARK].version,
        "protocol": "studio",
        "model": MODEL,
        "simulated": True,
        "total": 4,
        **columns,
    }
    run = Run(user_id=user_id, config={**CONFIG, **(config or {})}, **values)
    with transaction() as session:
        session.add(run)
        session.flush()
        return run.id


def add_samples(run_id: str, *rows: Mapping[str, Any]) -> None:
    """Insert samples of a run, numbered as they come; each is right unless it says otherwise."""
    with transaction() as session:
        for position, values in enumerate(rows):
            session.add(
                SampleRow(
                    **{
                        "run_id": run_id,
                        "sample_id": f"s{position}",
                        "position": position,
                        "outcome": "correct",
                        "score": 1.0,
                        "input": [{"role": "user", "content": f"question {position}"}],
                        "target": "4",
                        "completion": "ANSWER: 4",
                        "answer": "4",
                        "explanation": "",
                        "detail": {},
                        "finish_reason": "stop",
                        "latency_ms": 10,
                        "input_tokens": 20,
                        "output_tokens": 5,
                        "attempts": 1,
                        **values,
                    }
                )
            )


def result(number: int, outcome: Outcome = Outcome.CORRECT, **changes: Any) -> SampleResult:
    """Return what the engine makes of one sample."""
    scores = {Outcome.CORRECT: 1.0, Outcome.ERROR: None}
    failed = outcome is Outcome.ERROR
    values: dict[str, Any] = {
        "sample": Sample(f"s{number}", ({"role": "user", "content": f"question {number}"},), "4"),
        "epoch": 1,
        "index": number,
        "outcome": outcome,
        "score": scores.get(outcome, 0.0),
        "completion": "" if failed else "ANSWER: 4",
        "answer": None if failed else "4",
        "explanation": "",
        "finish_reason": None if failed else "stop",
        "latency_ms": None if failed else 12,
        "usage": TokenUsage() if failed else TokenUsage(10, 2),
        "attempts": 1,
        "error": CallFailure("timeout", "No answer within 1 s.", "Raise the timeout.")
        if failed
        else None,
        **changes,
    }
    return SampleResult(**values)


@cache
def _targets() -> Mapping[str, str]:
    protocol = all_benchmarks()[BENCHMARK].protocol()
    loader = DatasetLoader(cache_dir=Path("unused"), mirror_dir=None, offline=True)
    return {
        str(sample.messages[-1]["content"]): str(sample.target)
        for sample in loader.preview(protocol, 1_000)
    }


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    """A local server that answers every question of ``BENCHMARK`` correctly."""
    targets = _targets()
    with ModelServer(
        answer=lambda call: f"ANSWER: {targets.get(call.prompt, 'unknown')}"
    ) as server:
        yield server


@pytest.fixture
def local_model(app: Flask, owner: Account, model_server: ModelServer) -> str:
    """The name of a model on ``model_server``, behind a connection of ``owner``'s."""
    with app.app_context():
        store.save_connection(
            owner.id,
            True,
            "local",
            {"kind": "openai_compatible", "base_url": model_server.base_url, "max_retries": 0},
        )
    return "local/fake-large"


def deliver_now(delivery_id: str) -> None:
    """Make the next attempt of a delivery, as the courier does."""
    delivery = db.session.get_one(Delivery, delivery_id)
    if deliveries.claim_attempt(delivery_id, delivery.attempts_made):
        deliveries.make_attempt(delivery_id)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver of webhooks on this machine."""
    with receiving() as running:
        yield running


def add_hook(api: ApiClient, *events: str) -> None:
    """Let an endpoint that nobody listens at have the events of an account's runs."""
    answer = api.post("/webhooks", json={"url": "http://127.0.0.1:9/x", "events": list(events)})
    assert answer.status_code == 201, answer.text
