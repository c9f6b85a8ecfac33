"""Enqueueing: unique, plain JSON, honest about a server that is away."""

from __future__ import annotations

import json
import time
import zlib

import pytest
from flask import Flask
from redis import Redis

from app.broker import queues
from app.broker.client import forget_broker, get_broker
from app.config import Settings
from app.errors import Unavailable
from tests.queue_fixtures import bare_app


@pytest.fixture
def away(queue_settings: Settings) -> Flask:
    """An application whose queue server does not run."""
    return bare_app(queue_settings.model_copy(update={"redis_url": "redis://127.0.0.1:9/0"}))


def test_a_run_is_enqueued_once_per_attempt(queue_app: Flask, broker: Redis) -> None:
    with queue_app.app_context():
        queues.enqueue_run("r1", 0)
        queues.enqueue_run("r1", 0)
        queues.enqueue_run("r1", 1)
        assert queues.queued_job_ids() == {"run-r1-0", "run-r1-1"}
    assert broker.llen("rq:queue:runs") == 2


def test_a_job_is_json_with_the_id_alone(queue_app: Flask, broker: Redis) -> None:
    with queue_app.app_context():
        queues.enqueue_run("r1", 0)
    data = broker.hget("rq:job:run-r1-0", "data")
    assert isinstance(data, bytes)
    assert json.loads(zlib.decompress(data)) == [
        "app.jobs.execute_run.execute_run",
        None,
        ["r1"],
        {},
    ]


def test_a_record_that_a_lost_job_left_does_not_block_the_next(
    queue_app: Flask, broker: Redis
) -> None:
    with queue_app.app_context():
        queues.enqueue_run("r1", 0)
        broker.delete("rq:queue:runs")  # taken by a worker that died
        assert queues.queued_job_ids() == set()
        queues.enqueue_run("r1", 0)
        assert queues.queued_job_ids() == {"run-r1-0"}


def test_a_record_that_ends_while_it_is_looked_at_is_no_error(
    queue_app: Flask, broker: Redis
) -> None:
    with queue_app.app_context():
        queues.enqueue_run("r1", 1)
        broker.delete("rq:queue:runs")
        broker.hdel("rq:job:run-r1-1", "status")  # what is left to see of a job just over
        queues.enqueue_run("r1", 1)


def test_a_delayed_delivery_is_scheduled_not_queued(queue_app: Flask, broker: Redis) -> None:
    with queue_app.app_context():
        queues.enqueue_delivery("d1", 2, delay_s=60)
        assert queues.queued_job_ids(queues.QUEUES) == {"delivery-d1-2"}
        assert queues.queued_job_ids() == set()  # what concerns runs
    assert broker.llen("rq:queue:webhooks") == 0
    due = broker.zscore("rq:scheduled:webhooks", "delivery-d1-2")
    assert due == pytest.approx(time.time() + 60, abs=30)


def test_a_delivery_that_is_planned_is_queued_at_once_when_it_is_asked_for(
    queue_app: Flask, broker: Redis
) -> None:
    with queue_app.app_context():
        queues.enqueue_delivery("d1", 2, delay_s=600)
        queues.enqueue_delivery("d1", 2, delay_s=60)
        assert broker.llen("rq:queue:webhooks") == 0
        queues.enqueue_delivery("d1", 2)
    assert broker.llen("rq:queue:webhooks") == 1
    assert broker.zcard("rq:scheduled:webhooks") == 0


def test_jobs_being_worked_on_count_until_their_worker_is_long_silent(
    queue_app: Flask, broker: Redis
) -> None:
    broker.zadd("rq:wip:runs", {"run-a-0:x": time.time() + 5, "run-b-0:y": time.time() - 100})
    broker.lpush("rq:queue:runs:intermediate", "run-c-0")
    with queue_app.app_context():
        assert queues.queued_job_ids() == {"run-a-0", "run-c-0"}


def test_only_workers_heard_of_lately_are_counted(queue_app: Flask, broker: Redis) -> None:
    with queue_app.app_context():
        assert queues.count_workers() == 0
        broker.sadd("rq:workers:runs", "rq:worker:alive", "rq:worker:gone")
        broker.hset("rq:worker:alive", "birth", "now")
        assert queues.count_workers() == 1


def test_without_a_server_everything_fails_fast_and_says_so(away: Flask) -> None:
    began = time.monotonic()
    with away.app_context():
        assert not queues.is_reachable()
        with pytest.raises(Unavailable) as refused:
            queues.enqueue_run("r1", 0)
        for ask in (queues.queued_job_ids, queues.count_workers):
            with pytest.raises(Unavailable):
                ask()
    assert refused.value.code == "queue_unavailable"
    assert time.monotonic() - began < 15


def test_the_client_is_made_once_per_app_and_anew_after_a_fork(queue_app: Flask) -> None:
    with queue_app.app_context():
        first = get_broker()
        assert get_broker() is first
        assert queues.is_reachable()
        forget_broker()
        assert get_broker() is not first
