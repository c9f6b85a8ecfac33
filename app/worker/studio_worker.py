"""An RQ worker that survives outages of the queue server.

It notices dead peers within seconds instead of minutes, sits out an absent queue server, takes
its child along when it dies, and lets the running job checkpoint before it stops.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Sequence
from ctypes import c_int
from types import FrameType
from typing import Any, Protocol

from flask import Flask
from redis.client import Pipeline
from redis.exceptions import ConnectionError as BrokerConnectionError
from redis.exceptions import TimeoutError as BrokerTimeoutError
from rq import Queue, Worker, worker_registration
from rq.exceptions import StopRequested
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.utils import now

from app.broker.client import stop_waiting_for_broker
from app.db import measure_clock
from app.jobs.drain import draining
from app.lifeline import die_with_parent, name_process, signals_held
from app.worker.processes import leave_parents_connections, start_child

HEARTBEAT_S = 2
EXECUTION_LEASE_S = 10  # an execution not heard of for so long is abandoned
WORKER_TTL_S = 20  # so long does a worker count as present
_MAINTENANCE_S = 3
_RELEASE_TIMEOUT_S = 10.0
_AWAY = (BrokerConnectionError, BrokerTimeoutError)
_log = logging.getLogger(__name__)


class OnDead(Protocol):
    """Gives back what a dead process worked on."""

    def __call__(self, pid: int, *, died: bool = True) -> object:
        """Release it.

        Args:
            pid: The process.
            died: ``False`` where it was ended on purpose.
        """


def new_worker_name() -> str:
    """Return a unique name, since a killed worker's name stays taken for a while."""
    return f"{socket.gethostname()}-{os.getpid()}-{os.urandom(4).hex()}"


class StudioWorker(Worker):
    """Works on one queue; with several, RQ may lose a job between taking and starting it.

    Args:
        queues: Its queue.
        name: Unique; see `new_worker_name`.
        app: Gives every job its app context. None where RQ only describes other workers.
        on_dead: Called with the process id of a job's process that was killed.
        job_pid: Shared memory that tells the pool the process id of the running job, 0 for none.
        options: Of RQ's worker.
    """

    max_connection_wait_time = 2.0
    exponential_backoff_factor = 1.5
    log_result_lifespan = False

    def __init__(
        self,
        queues: Sequence[str],
        name: str | None = None,
        *,
        app: Flask | None = None,
        on_dead: OnDead | None = None,
        job_pid: c_int | None = None,
        **options: Any,
    ) -> None:
        self._app = app
        self._on_dead = on_dead
        self._job_pid = job_pid if job_pid is not None else c_int()
        self._killed_pid: int | None = None
        options |= {
            "serializer": JSONSerializer,
            "job_monitoring_interval": HEARTBEAT_S,
            "worker_ttl": WORKER_TTL_S,
            "maintenance_interval": _MAINTENANCE_S,
        }
        super().__init__(queues, name=name or new_worker_name(), **options)

    @property
    def dequeue_timeout(self) -> int:
        """How often to wake up for maintenance, in seconds."""
        return _MAINTENANCE_S

    @property
    def connection_timeout(self) -> int:
        """Socket timeout, above `dequeue_timeout`."""
        return _MAINTENANCE_S + 10

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:
        """Return the seconds of silence after which a job counts as abandoned."""
        return EXECUTION_LEASE_S

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Send a heartbeat that lasts as long as `queues.count_workers` expects.

        With all that it said at its birth: a queue server may have lost its data since.
        """
        connection = self.connection if pipeline is None else pipeline
        connection.hset(self.key, mapping=self.serialize())
        worker_registration.register(self, pipeline)
        super().heartbeat(WORKER_TTL_S, pipeline)

    def maintain_heartbeats(self, job: Job, execution: Execution) -> None:
        """Send heartbeats while a job runs; a failed one must not orphan the job."""
        try:
            super().maintain_heartbeats(job, execution)
        except _AWAY as error:
            _log.warning("heartbeat skipped", extra={"job_id": job.id, "reason": str(error)})

    def run_maintenance_tasks(self) -> None:
        """Clean the registries, but only once live workers had time to report after a restart."""
        if self.connection.info("server")["uptime_in_seconds"] < 2 * EXECUTION_LEASE_S:
            self.last_cleaned_at = now()  # type: ignore[assignment]
            return
        super().run_maintenance_tasks()  # type: ignore[no-untyped-call]

    def set_shutdown_requested_date(self) -> None:
        """Record the stop for dashboards; the job must checkpoint even without a queue server."""
        try:
            super().set_shutdown_requested_date()  # type: ignore[no-untyped-call]
        except _AWAY as error:
            _log.warning("stop not noted", extra={"reason": str(error)})

    def teardown(self) -> None:
        """Sign off, unless the queue server is down: then the entry expires."""
        try:
            super().teardown()  # type: ignore[no-untyped-call]
        except _AWAY as error:
            _log.warning("worker left without signing off", extra={"reason": str(error)})

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        """Fork the job's process; a stop during the fork reaches it once it can handle it."""
        with signals_held(signal.SIGTERM):
            super().fork_work_horse(job, queue)
        self._job_pid.value = self.horse_pid

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """Run the job, in its own process."""
        die_with_parent(signal.SIGKILL)
        name_process("studio-job")
        if self._app is not None:
            leave_parents_connections(self._app)
            self._app.app_context().push()
            measure_clock()
        super().main_work_horse(job, queue)

    def setup_work_horse_signals(self) -> None:
        """Let SIGTERM ask the job to checkpoint."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        drain_on_sigterm()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM,))

    def handle_warm_shutdown_request(self) -> None:
        """Pass a stop on to the running job, which ends within seconds."""
        stop_waiting_for_broker()
        if self.horse_pid:
            self.kill_horse(sig=signal.SIGTERM)

    def handle_work_horse_killed(self, job: Job, retpid: int, ret_val: int, rusage: Any) -> None:
        """Record that the job was killed."""
        self._killed_pid = self._job_pid.value

    def monitor_work_horse(self, job: Job, queue: Queue, execution: Execution) -> None:
        """Wait for the job's process to end, even while the queue server is down."""
        while True:
            try:
                super().monitor_work_horse(job, queue, execution)
                break
            except _AWAY as error:
                _log.warning(
                    "queue server away at the end of a job",
                    extra={"job_id": job.id, "reason": str(error)},
                )
                if self._stop_requested and not self.horse_pid:
                    raise StopRequested from error
                time.sleep(1)
        self._job_pid.value = 0
        killed, self._killed_pid = self._killed_pid, None
        if killed is not None and self._app is not None and self._on_dead is not None:
            # In a child: this process forks jobs and must hold no database connection.
            child = start_child(self._app, "release", self._on_dead, killed)
            child.join(_RELEASE_TIMEOUT_S)


def drain_on_sigterm() -> None:
    """Set `draining` on SIGTERM, through a pipe and a waiting thread."""
    reading, writing = os.pipe()

    def wake(signum: int, frame: FrameType | None) -> None:
        stop_waiting_for_broker()
        os.write(writing, b".")

    def wait() -> None:
        os.read(reading, 1)
        draining.set()

    threading.Thread(target=wait, name="drain", daemon=True).start()
    signal.signal(signal.SIGTERM, wake)
