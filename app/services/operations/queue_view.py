"""Read-only view of the queue for administrators."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rq.defaults import RQ_KEY_PREFIX
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import BaseWorker, Worker

from app.broker import queues
from app.broker.client import get_broker
from app.errors import NotFound

SERIALIZER = JSONSerializer
QUEUES = queues.QUEUES


def describe_job(job_id: str) -> dict[str, Any]:
    """Return one job as rq-dashboard's templates expect it.

    Raises:
        NotFound: There is no such job (any more).
    """
    job = _fetch(job_id)
    latest = job.latest_result()
    status = job.get_status(refresh=False)
    dependencies = job.dependency_ids
    return {
        "id": job.id,
        "created_at": _time(job.created_at),
        "enqueued_at": _time(job.enqueued_at),
        "started_at": _time(job.started_at),
        "ended_at": _time(job.ended_at),
        "origin": job.origin,
        "status": status.value if status else None,
        "result": None,
        "exc_info": latest.exc_string if latest and latest.exc_string else None,
        "description": job.description or job.id,
        "metadata": "{}",
        **(
            {
                "depends_on": list(dependencies),
                "depends_on_status": [_presence(each) for each in dependencies],
            }
            if dependencies
            else {}
        ),
    }


def describe_workers() -> list[dict[str, Any]]:
    """Return the workers as rq-dashboard's templates expect them."""
    found = [
        {
            "name": worker.name,
            "pid": worker.pid,
            "queues": list(worker.queue_names()),
            "state": str(worker.get_state()),
            "current_job": _current_job(worker),
            "last_heartbeat": _time(worker.last_heartbeat),
            "birth_date": _time(worker.birth_date),
            "successful_job_count": worker.successful_job_count,
            "failed_job_count": worker.failed_job_count,
            "total_working_time": worker.total_working_time,
            "version": worker.version or "",
            "python_version": worker.python_version or "",
        }
        for worker in Worker.all(connection=get_broker(), serializer=SERIALIZER)
    ]
    return sorted(found, key=lambda each: (each["state"], each["queues"], each["name"]))


def job_exists(job_id: str) -> bool:
    """Return whether the queue server has a record of the job."""
    return bool(Job.exists(job_id, connection=get_broker()))


def count_jobs() -> dict[str, dict[str, int]]:
    """Return for each queue how many jobs are queued, scheduled, started and failed."""
    with get_broker().pipeline(transaction=False) as pipeline:
        for name in QUEUES:
            pipeline.llen(f"{RQ_KEY_PREFIX}:queue:{name}")
            pipeline.zcard(f"{RQ_KEY_PREFIX}:scheduled:{name}")
            pipeline.zcard(f"{RQ_KEY_PREFIX}:wip:{name}")
            pipeline.zcard(f"{RQ_KEY_PREFIX}:failed:{name}")
        numbers = iter(pipeline.execute())
    states = ("waiting", "scheduled", "working", "failed")
    return {name: {state: int(next(numbers)) for state in states} for name in QUEUES}


def _fetch(job_id: str) -> Job:
    try:
        return Job.fetch(job_id, connection=get_broker(), serializer=SERIALIZER)
    except NoSuchJobError:
        raise NotFound("This job is no longer in the queue.", code="job_not_found") from None


def _current_job(worker: BaseWorker) -> dict[str, Any] | str:
    job_id = worker.get_current_job_id()
    if not job_id or not job_exists(job_id):
        return "idle"
    job = _fetch(job_id)
    description = job.description or job.id
    return {
        "job_id": job.id,
        "description": description,
        "created_at": _time(job.created_at),
        "call_string": description,
    }


def _presence(job_id: str) -> str:
    return "active" if job_exists(job_id) else "expired"


def _time(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
