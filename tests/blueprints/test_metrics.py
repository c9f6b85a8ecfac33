"""Prometheus text: off by default, and never an error while a part is away."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from redis import Redis

from app import __version__
from app.broker.client import get_broker
from app.broker.queues import enqueue_run
from app.db import transaction
from app.models import Delivery, Webhook
from app.services.accounts.accounts import Account
from tests.run_fixtures import add_run

LINE = re.compile(r'[a-z_]+(\{[a-z_]+="[^"\n]*"(,[a-z_]+="[^"\n]*")*\})? -?[0-9.e+]+')


@pytest.fixture
def app(make_app: Callable[..., Flask], broker_url: str) -> Flask:
    Redis.from_url(broker_url).flushdb()
    return make_app(redis_url=broker_url, metrics=True)


@pytest.fixture(autouse=True)
def _leave_the_broker(app: Flask):
    yield
    with app.app_context():
        get_broker().connection_pool.disconnect()


def test_they_are_off_by_default(make_app: Callable[..., Flask]) -> None:
    assert make_app().test_client().get("/metrics").status_code == 404


def test_runs_samples_jobs_workers_and_deliveries_are_counted(app: Flask, owner: Account) -> None:
    with app.app_context():
        add_run(owner.id, status="completed", done=4)
        add_run(owner.id, status="completed", done=3)
        run_id = add_run(owner.id, status="queued")
        enqueue_run(run_id, 0)
        with transaction() as session:
            hook = Webhook(id="h", user_id=owner.id, url="http://x", events=[], sealed_secret="s")
            session.add(hook)
            session.flush()
            session.add(
                Delivery(id="d", webhook_id="h", event_key="k", event="run.failed", payload="{}")
            )
        get_broker().sadd("rq:workers:runs", "rq:worker:w1")
        get_broker().hset("rq:worker:w1", "birth", "now")
    answer = app.test_client().get("/metrics")
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    for line in lines:
        assert line.startswith(("# HELP ", "# TYPE ")) or LINE.fullmatch(line), line
    assert {
        f'studio_build_info{{version="{__version__}"}} 1',
        'studio_up{part="database"} 1',
        'studio_up{part="queue"} 1',
        'studio_runs{status="completed"} 2',
        'studio_runs{status="failed"} 0',
        'studio_samples_done{status="completed"} 7',
        'studio_queue_jobs{queue="runs",state="waiting"} 1',
        "studio_workers 1",
        'studio_webhook_deliveries{status="pending"} 1',
    } <= set(lines)


def test_each_metric_is_described_once(app: Flask) -> None:
    text = app.test_client().get("/metrics").text
    names = re.findall(r"# TYPE (\w+) gauge", text)
    assert len(names) == len(set(names)) >= 6


def test_a_queue_that_is_away_leaves_its_metrics_out(make_app: Callable[..., Flask]) -> None:
    answer = make_app(metrics=True).test_client().get("/metrics")
    assert answer.status_code == 200
    assert 'studio_up{part="queue"} 0' in answer.text
    assert "studio_queue_jobs" not in answer.text
    assert 'studio_runs{status="queued"} 0' in answer.text


def test_a_database_without_tables_leaves_its_metrics_out(app: Flask) -> None:
    from app.db import db

    with app.app_context():
        db.drop_all()
    answer = app.test_client().get("/metrics")
    with app.app_context():
        db.create_all()
    assert answer.status_code == 200
    assert 'studio_up{part="database"} 0' in answer.text
    assert 'studio_up{part="queue"} 1' in answer.text
