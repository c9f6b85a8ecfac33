"""The pool: starts workers, courier and housekeeper, replaces the dead, drains all on SIGTERM.

Its own process touches neither database nor queue server, so that nothing can hold it up.
"""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable, Mapping
from ctypes import c_int
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import connection as processes
from multiprocessing.context import ForkProcess
from multiprocessing.sharedctypes import RawValue
from types import FrameType

from flask import Flask

from app.broker.client import connect, connect_worker
from app.broker.queues import ALONE, RUNS, WEBHOOKS
from app.current import settings_of
from app.jobs.recover_runs import SWEEPS, release_runs_of
from app.lifeline import name_process
from app.worker.courier import Courier
from app.worker.dead_workers import release_worker
from app.worker.housekeeper import Housekeeper
from app.worker.processes import start_child
from app.worker.studio_worker import OnDead, StudioWorker, new_worker_name

DRAIN_TIMEOUT_S = 25.0  # below the 30 s that service managers usually grant
_HOUSEKEEPER = "housekeeper"
_POLL_S = 0.5
_SETTLED_S = 30.0
_LONGEST_PAUSE_S = 30.0
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Place:
    """A role in the pool, and the child process that fills it now."""

    duty: str  # a queue's name, or the housekeeper
    child: ForkProcess | None = None
    started_at: float = 0.0
    failures: int = 0
    not_before: float = float("-inf")
    job_pid: c_int = field(default_factory=lambda: RawValue(c_int))


class Pool:
    """All processes of one worker.

    Args:
        app: Already imported and set up: its memory is shared by all children.
        workers: Processes that work on runs.
        sweeps: See `Housekeeper`.
        on_dead: Called, in a child and an app context, with the process id of a job's process that
            was killed.
    """

    def __init__(
        self, app: Flask, workers: int, sweeps: Mapping[str, Callable[[], object]], on_dead: OnDead
    ) -> None:
        self._app = app
        self._sweeps = sweeps
        self._on_dead = on_dead
        duties = [RUNS] * workers + [ALONE, WEBHOOKS, _HOUSEKEEPER]
        self._places = [_Place(duty) for duty in duties]
        self._releases: list[ForkProcess] = []
        self._stopping = False

    def run(self) -> None:
        """Work until SIGTERM or SIGINT, then drain and return."""
        signal.signal(signal.SIGTERM, self._request_stop)
        signal.signal(signal.SIGINT, self._request_stop)
        _log.info("worker pool started", extra={"processes": len(self._places)})
        while not self._stopping:
            self._reap()
            self._fill()
            self._wait(_POLL_S)
        self._drain()

    def _request_stop(self, signum: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _fill(self) -> None:
        for place in self._places:
            if place.child is None and time.monotonic() >= place.not_before and not self._stopping:
                place.started_at = time.monotonic()
                place.child = self._start(place)

    def _start(self, place: _Place) -> ForkProcess:
        if place.duty == _HOUSEKEEPER:
            return start_child(self._app, _HOUSEKEEPER, _keep_house, self._app, self._sweeps)
        name = new_worker_name()
        if place.duty == WEBHOOKS:
            return start_child(self._app, name, _deliver, self._app, name)
        place.job_pid.value = 0
        return start_child(self._app, name, _work, self._app, name, place, self._call_on_dead)

    def _call_on_dead(self, pid: int, *, died: bool = True) -> None:
        with self._app.app_context():
            self._on_dead(pid, died=died)

    def _reap(self) -> None:
        self._releases = [child for child in self._releases if child.is_alive()]
        for place in self._places:
            if place.child is not None and not place.child.is_alive():
                self._bury(place, place.child)

    def _bury(self, place: _Place, child: ForkProcess) -> None:
        place.child = None
        if self._stopping and child.exitcode in (0, -signal.SIGTERM):
            return
        lived_s = time.monotonic() - place.started_at
        place.failures = 0 if lived_s > _SETTLED_S else place.failures + 1
        pause_s = min(2.0 ** (place.failures - 1), _LONGEST_PAUSE_S) if place.failures > 1 else 0.0
        place.not_before = time.monotonic() + pause_s
        _log.warning(
            "process of the pool ended",
            extra={"duty": place.duty, "exit_code": child.exitcode, "restart_in_s": pause_s},
        )
        if place.duty != _HOUSEKEEPER and child.exitcode != 0:
            # By value: the place gets a new child, which uses the shared memory again.
            pid = place.job_pid.value
            on_dead = partial(self._call_on_dead, died=not self._stopping)
            release = start_child(
                self._app, "release", _release, self._app, child.name, place.duty, pid, on_dead
            )
            self._releases.append(release)

    def _wait(self, timeout_s: float) -> None:
        """Sleep, but wake up when a child ends."""
        processes.wait([child.sentinel for child in self._children()], timeout_s)

    def _children(self) -> list[ForkProcess]:
        return [place.child for place in self._places if place.child is not None]

    def _drain(self) -> None:
        _log.info("worker pool stops")
        deadline = time.monotonic() + DRAIN_TIMEOUT_S
        for child in self._children():
            child.terminate()  # once: RQ takes a second signal as the order to kill the job
        while self._children() and time.monotonic() < deadline:
            self._wait(_POLL_S)
            self._reap()
        for child in self._children():
            child.kill()  # its job dies with it
            child.join()
        self._reap()
        for child in self._releases:
            child.join(max(0.0, deadline + 4.0 - time.monotonic()))
        _log.info("worker pool stopped")


def run_pool(app: Flask, workers: int) -> None:
    """Work with so many processes on runs until SIGTERM or SIGINT."""
    Pool(app, workers, SWEEPS, release_runs_of).run()


def _work(app: Flask, name: str, place: _Place, on_dead: OnDead) -> None:
    name_process(f"studio-{place.duty}")
    worker = StudioWorker(
        [place.duty],
        name,
        app=app,
        on_dead=on_dead,
        job_pid=place.job_pid,
        connection=connect_worker(settings_of(app)),
    )
    worker.work(logging_level="WARNING")


def _deliver(app: Flask, name: str) -> None:
    name_process("studio-courier")
    Courier(app, name).run()


def _keep_house(app: Flask, sweeps: Mapping[str, Callable[[], object]]) -> None:
    name_process("studio-keeper")
    Housekeeper(app, sweeps).run()


def _release(app: Flask, name: str, queue_name: str, job_pid: int, on_dead: OnDead) -> None:
    if job_pid:
        on_dead(job_pid)
    release_worker(connect(settings_of(app)), name, queue_name)
