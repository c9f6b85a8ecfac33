"""An RQ worker that holds many jobs at a time, for work that is done outside RQ."""

from __future__ import annotations

import time

from redis import Redis
from rq import Queue
from rq.exceptions import DequeueTimeout, NoSuchJobError
from rq.executions import Execution
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer
from rq.utils import now
from rq.worker import WorkerStatus

from app.worker.studio_worker import EXECUTION_LEASE_S, HEARTBEAT_S, StudioWorker


class JobHolder:
    """Takes jobs of one queue and ends them; dashboards show it as a worker, them as at work.

    Args:
        queue_name: Whose jobs.
        name: Unique; see `new_worker_name`.
        connection: To the queue server, which must answer.
    """

    def __init__(self, queue_name: str, name: str, connection: Redis) -> None:
        self._worker = StudioWorker([queue_name], name, connection=connection)
        self._worker.birth_date = self._worker.last_heartbeat = now()
        self._worker.log.setLevel("WARNING")  # else it tells of each job
        self._queue: Queue = self._worker.queues[0]
        self._held: dict[str, tuple[Job, Execution]] = {}
        self._heard_at = float("-inf")

    @property
    def held(self) -> dict[str, str]:
        """The first argument of each job that is held, by the job's id."""
        return {job_id: _argument(job) for job_id, (job, _) in self._held.items()}

    def stay_present(self) -> None:
        """Say that the worker lives and holds its jobs; clean what dead ones left."""
        if time.monotonic() - self._heard_at < HEARTBEAT_S:
            return
        with self._worker.connection.pipeline() as pipeline:
            self._worker.heartbeat(pipeline=pipeline)
            state = WorkerStatus.BUSY if self._held else WorkerStatus.IDLE
            self._worker.set_state(state, pipeline=pipeline)
            for job, execution in self._held.values():
                execution.heartbeat(job.started_job_registry, EXECUTION_LEASE_S, pipeline)
            pipeline.execute()
        self._heard_at = time.monotonic()
        if self._worker.should_run_maintenance_tasks:
            self._worker.run_maintenance_tasks()

    def take(self, most: int, wait_s: int) -> int:
        """Take waiting jobs until ``most`` are held; wait for the first.

        Returns:
            How many were taken.
        """
        taken = 0
        timeout: int | None = wait_s
        while len(self._held) < most and (job := self._dequeue(timeout)) is not None:
            self._hold(job)
            taken, timeout = taken + 1, None
        return taken

    def _dequeue(self, timeout: int | None) -> Job | None:
        try:
            found = Queue.dequeue_any(
                [self._queue], timeout, self._worker.connection, serializer=JSONSerializer
            )
        except DequeueTimeout:
            return None
        return found and found[0]

    def _hold(self, job: Job) -> None:
        if job.id in self._held:  # it was enqueued again meanwhile
            self._queue.intermediate_queue.remove(job.id)
            return
        _argument(job)  # one that cannot be read fails here, and RQ takes note of it
        execution = self._worker.prepare_execution(job)
        self._worker.prepare_job_execution(job, remove_from_intermediate_queue=True)
        self._held[job.id] = job, execution

    def finish(self, job_id: str) -> None:
        """End a job that is held, or that waits and is not needed any more."""
        if job_id not in self._held:
            self._drop_waiting(job_id)
            return
        job, execution = self._held[job_id]
        job.ended_at = now()
        self._worker.handle_job_success(job, self._queue, job.started_job_registry, execution)
        del self._held[job_id]

    def _drop_waiting(self, job_id: str) -> None:
        try:
            job = Job.fetch(job_id, self._worker.connection, serializer=JSONSerializer)
        except NoSuchJobError:
            return
        if job.get_status(refresh=False) in (JobStatus.QUEUED, JobStatus.SCHEDULED):
            job.delete()

    def leave(self) -> None:
        """Put the jobs that are held back to the front of the queue, and sign off."""
        for job, execution in self._held.values():
            self._queue.enqueue_job(job, at_front=True)
            with self._worker.connection.pipeline() as pipeline:
                self._worker.cleanup_execution(job, pipeline, execution)
                pipeline.execute()
        self._held.clear()
        self._worker.register_death()  # type: ignore[no-untyped-call]


def _argument(job: Job) -> str:
    return str(job.args[0]) if job.args else ""
