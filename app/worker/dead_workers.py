"""Cleans up what a killed worker leaves in the queue server.

RQ itself would find out after its lease, and for a job lost between taking and starting it after
a minute.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from redis import Redis
from rq.defaults import RQ_KEY_PREFIX
from rq.exceptions import NoSuchJobError
from rq.executions import WORKER_EXECUTIONS_KEY_TEMPLATE
from rq.job import Job
from rq.serializers import JSONSerializer

_STARTING_S = 1.0  # a live worker needs milliseconds from taking a job to registering it


def release_worker(broker: Redis, name: str, queue_name: str) -> None:
    """Release everything that a dead worker still holds in Redis.

    The job that it worked on is forgotten; who sweeps the database enqueues the next.
    """
    executions = WORKER_EXECUTIONS_KEY_TEMPLATE.format(name)
    members = _texts(broker.smembers(executions))
    worker = f"{RQ_KEY_PREFIX}:worker:{name}"
    with broker.pipeline() as pipeline:
        pipeline.srem(f"{RQ_KEY_PREFIX}:workers", worker)
        pipeline.srem(f"{RQ_KEY_PREFIX}:workers:{queue_name}", worker)
        pipeline.delete(executions, worker)
        if members:
            pipeline.zrem(f"{RQ_KEY_PREFIX}:wip:{queue_name}", *members)
        pipeline.execute()
    for member in members:
        _delete_job(broker, member.partition(":")[0])
    _requeue_unstarted(broker, queue_name)


def _delete_job(broker: Redis, job_id: str) -> None:
    try:
        Job.fetch(job_id, connection=broker, serializer=JSONSerializer).delete()
    except NoSuchJobError:
        return


def _requeue_unstarted(broker: Redis, queue_name: str) -> None:
    queue = f"{RQ_KEY_PREFIX}:queue:{queue_name}"
    lost = _taken_not_started(broker, queue_name)
    if not lost:
        return
    time.sleep(_STARTING_S)
    for job_id in lost & _taken_not_started(broker, queue_name):
        with broker.pipeline() as pipeline:
            pipeline.lrem(f"{queue}:intermediate", 1, job_id)
            pipeline.lpush(queue, job_id)
            pipeline.execute()


def _taken_not_started(broker: Redis, queue_name: str) -> set[str]:
    taken = broker.lrange(f"{RQ_KEY_PREFIX}:queue:{queue_name}:intermediate", 0, -1)
    started = broker.zrange(f"{RQ_KEY_PREFIX}:wip:{queue_name}", 0, -1)
    return _texts(taken) - {member.partition(":")[0] for member in _texts(started)}


def _texts(members: Iterable[Any]) -> set[str]:
    """Return a reply of the server as texts (redis-py leaves its type open)."""
    return {member.decode() for member in members}
