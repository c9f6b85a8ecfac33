"""Putting right what a dead worker left in the queue server."""

from __future__ import annotations

import time

from redis import Redis

from app.worker.dead_workers import release_worker


def test_a_job_taken_but_never_started_goes_back_to_the_front(broker: Redis) -> None:
    broker.rpush("rq:queue:runs", "run-b-0")
    broker.rpush("rq:queue:runs:intermediate", "run-a-0")
    release_worker(broker, "dead", "runs")
    assert broker.lrange("rq:queue:runs", 0, -1) == [b"run-a-0", b"run-b-0"]
    assert broker.llen("rq:queue:runs:intermediate") == 0


def test_a_job_that_another_worker_started_stays_there(broker: Redis) -> None:
    broker.rpush("rq:queue:runs:intermediate", "run-a-0")
    broker.zadd("rq:wip:runs", {"run-a-0:x": time.time() + 10})
    release_worker(broker, "dead", "runs")
    assert broker.llen("rq:queue:runs") == 0


def test_the_dead_workers_own_job_is_forgotten(broker: Redis) -> None:
    broker.sadd("rq:workers:runs", "rq:worker:dead")
    broker.sadd("rq:worker:dead:executions", "run-a-0:x")
    broker.zadd("rq:wip:runs", {"run-a-0:x": time.time() + 10, "run-b-0:y": time.time() + 10})
    release_worker(broker, "dead", "runs")
    assert broker.zrange("rq:wip:runs", 0, -1) == [b"run-b-0:y"]
    assert broker.smembers("rq:workers:runs") == set()
