"""The only module that enqueues. Jobs are named by dotted path and carry ids.

The queue is a hint and the database is the truth: a lost or doubled job does no harm, because
a job first takes the lease of its row, and ``app.jobs.recover_runs`` enqueues what got lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from redis.exceptions import RedisError, ResponseError
from rq import Queue
from rq.defaults import RQ_KEY_PREFIX
from rq.exceptions import DuplicateJobError, InvalidJobOperation, NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer

from app.broker.client import get_broker
from app.db import now
from app.disk import is_full
from app.errors import QueueAway, Unavailable

RUNS = "runs"
ALONE = "alone"
"""What gets a process to itself: scorings, and runs over which a worker died."""

WEBHOOKS = "webhooks"
QUEUES = (RUNS, ALONE, WEBHOOKS)
_OF_RUNS = (RUNS, ALONE)
EXECUTE_RUN = "app.jobs.execute_run.execute_run"
EXECUTE_ALONE = "app.jobs.execute_run.execute_alone"
RESCORE_RUN = "app.jobs.rescore_run.rescore_run"
DELIVER_WEBHOOK = "app.jobs.deliver_webhook.deliver_webhook"

RUN_TIMEOUT_S = 7 * 86_400
"""A run has no time limit of its own; this one only ends a job that hangs for good."""

_RESCORE_TIMEOUT_S = 6 * 3600
_DELIVERY_TIMEOUT_S = 120
_KEEP_FAILED_S = 86_400
_SILENT_S = 30


def run_job_id(run_id: str, attempt: int) -> str:
    """Return the id of the job for attempt number ``attempt`` of a run."""
    return f"run-{run_id}-{attempt}"


def rescore_job_id(run_id: str, protocol: str) -> str:
    """Return the id of the job that scores ``run_id`` again under ``protocol``."""
    return f"rescore-{run_id}-{protocol}"


def delivery_job_id(delivery_id: str, attempt: int) -> str:
    """Return the id of the job that makes the ``attempt``-th attempt of a delivery."""
    return f"delivery-{delivery_id}-{attempt}"


def enqueue_run(run_id: str, attempt: int, alone: bool = False) -> None:
    """Enqueue the work on a run, unless a job for it already exists.

    Args:
        run_id: The run.
        attempt: Which of its jobs.
        alone: A worker died over it: no other run may share its process.

    Raises:
        Unavailable: The queue server does not answer.
    """
    name, job = (ALONE, EXECUTE_ALONE) if alone else (RUNS, EXECUTE_RUN)
    _enqueue(name, job, (run_id,), run_job_id(run_id, attempt), RUN_TIMEOUT_S)


def enqueue_rescore(run_id: str, protocol: str, *, at_front: bool = False) -> None:
    """Enqueue the rescoring of a run under ``protocol``, unless it is already queued.

    Args:
        run_id: The run.
        protocol: By whose scorer.
        at_front: Before all that wait.

    Raises:
        Unavailable: The queue server does not answer.
    """
    job_id = rescore_job_id(run_id, protocol)
    arguments = (run_id, protocol)
    _enqueue(ALONE, RESCORE_RUN, arguments, job_id, _RESCORE_TIMEOUT_S, at_front=at_front)


def enqueue_delivery(delivery_id: str, attempt: int, delay_s: float = 0) -> None:
    """Enqueue one attempt of a webhook delivery, after ``delay_s`` seconds.

    Raises:
        Unavailable: The queue server does not answer.
    """
    job_id = delivery_job_id(delivery_id, attempt)
    _enqueue(WEBHOOKS, DELIVER_WEBHOOK, (delivery_id,), job_id, _DELIVERY_TIMEOUT_S, delay_s)


def waiting_job_ids() -> set[str]:
    """Return the ids of all jobs for runs that no worker has taken yet.

    Raises:
        Unavailable: The queue server does not answer.
    """
    try:
        with get_broker().pipeline(transaction=False) as pipeline:
            for name in _OF_RUNS:
                pipeline.lrange(f"{RQ_KEY_PREFIX}:queue:{name}", 0, -1)
                pipeline.lrange(f"{RQ_KEY_PREFIX}:queue:{name}:intermediate", 0, -1)
            return {entry.decode() for found in pipeline.execute() for entry in found}
    except RedisError as error:
        raise _no_answer(error) from error


def has_waiting(name: str) -> bool:
    """Return whether a job of this queue is waiting; ``False`` if the server does not answer."""
    try:
        return bool(get_broker().exists(f"{RQ_KEY_PREFIX}:queue:{name}"))
    except RedisError:
        return False


def queued_job_ids(names: Sequence[str] = _OF_RUNS) -> set[str]:
    """Return the ids of all jobs of these queues that wait, are scheduled or are being worked on.

    It only reads. (RQ's own counters clean up on the way, that is, they may requeue or fail jobs.)

    Raises:
        Unavailable: The queue server does not answer.
    """
    # An execution is scored by when its worker must be heard of again. RQ itself drops those long
    # silent, but not while the lock for that is held by a worker that died: for 15 minutes.
    alive_since = now().timestamp() - _SILENT_S
    try:
        with get_broker().pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.lrange(f"{RQ_KEY_PREFIX}:queue:{name}", 0, -1)
                pipeline.lrange(f"{RQ_KEY_PREFIX}:queue:{name}:intermediate", 0, -1)
                pipeline.zrangebyscore(f"{RQ_KEY_PREFIX}:wip:{name}", alive_since, "+inf")
                pipeline.zrange(f"{RQ_KEY_PREFIX}:scheduled:{name}", 0, -1)
            entries = [entry for found in pipeline.execute() for entry in found]
    except RedisError as error:
        raise _no_answer(error) from error
    # A job being worked on is written as job:execution.
    return {entry.decode().partition(":")[0] for entry in entries}


def count_workers() -> int:
    """Return how many run workers sent a heartbeat within the last half minute.

    Raises:
        Unavailable: The queue server does not answer.
    """
    broker = get_broker()
    try:
        keys = broker.smembers(f"{RQ_KEY_PREFIX}:workers:{RUNS}")
        # The key of a worker that is not heard of expires; its name in this set does not.
        return int(broker.exists(*keys)) if keys else 0
    except RedisError as error:
        raise _no_answer(error) from error


def is_reachable() -> bool:
    """Return whether the queue server answers, even if it cannot write; never raises."""
    try:
        return bool(get_broker().ping())
    except ResponseError:
        return True  # -MISCONF on a full disk, -OOM: it lives, and what is lost the sweep enqueues
    except RedisError:
        return False


def _no_answer(error: RedisError) -> Unavailable:
    if is_full(error):
        return Unavailable(
            "The disk of the queue server is full, so nothing can be started right now.",
            code="disk_full",
            action="Try again once an admin has freed some space.",
        )
    return QueueAway("nothing can be started right now")


def _enqueue(
    name: str,
    job_path: str,
    arguments: tuple[str, ...],
    job_id: str,
    timeout_s: int,
    delay_s: float = 0,
    at_front: bool = False,
) -> None:
    queue = Queue(name, connection=get_broker(), serializer=JSONSerializer)
    try:
        try:
            _push(queue, job_path, arguments, job_id, timeout_s, delay_s, at_front)
        except DuplicateJobError:
            # The job's record exists. Where it is in no list, it is what a failed or lost
            # attempt left behind, and stands in the way; so does one planned for later.
            if job_id in queued_job_ids(QUEUES) and (delay_s > 0 or not _is_planned(name, job_id)):
                return
            _discard(job_id)
            _push(queue, job_path, arguments, job_id, timeout_s, delay_s, at_front)
    except DuplicateJobError:
        return  # another process was faster
    except RedisError as error:
        raise _no_answer(error) from error


def _push(
    queue: Queue,
    job_path: str,
    arguments: tuple[str, ...],
    job_id: str,
    timeout_s: int,
    delay_s: float,
    at_front: bool,
) -> None:
    job = queue.create_job(
        job_path,
        args=arguments,
        job_id=job_id,
        timeout=timeout_s,
        result_ttl=0,
        failure_ttl=_KEEP_FAILED_S,
        description=job_id,
    )
    if delay_s > 0:
        queue.schedule_job(job, now() + timedelta(seconds=delay_s), unique=True)
    else:
        queue.enqueue_job(job, at_front=at_front, unique=True)


def _is_planned(name: str, job_id: str) -> bool:
    return get_broker().zscore(f"{RQ_KEY_PREFIX}:scheduled:{name}", job_id) is not None


def _discard(job_id: str) -> None:
    try:
        Job.fetch(job_id, connection=get_broker(), serializer=JSONSerializer).delete()
    except (NoSuchJobError, InvalidJobOperation):
        return  # it came to its end meanwhile
