"""The pool's process that puts due deliveries into their queue and heals interrupted runs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable

from flask import Flask
from rq.registry import ScheduledJobRegistry
from rq.scheduler import RQScheduler
from rq.serializers import JSONSerializer

from app.broker import connect
from app.db import measure_clock, now
from app.queue import WEBHOOKS
from app.services.own_uploads import sweep_uploads

TICK_S = 1.0
SWEEP_EVERY_S = 2.0
TIDY_EVERY_S = 60.0
_REPEAT_ERROR_AFTER_S = 60.0
_log = logging.getLogger(__name__)


class _Planned(ScheduledJobRegistry):
    """Jobs that are planned for later, due by the clock that all workers share."""

    def get_jobs_to_schedule(
        self, timestamp: int | None = None, chunk_size: int = 1000
    ) -> list[str]:
        """Return the ids of those that are due; RQ asks by this machine's clock."""
        return super().get_jobs_to_schedule(int(now().timestamp()), chunk_size)


class _Scheduler(RQScheduler):
    def prepare_registries(self, queue_names: Iterable[str] | None = None) -> None:
        self._scheduled_job_registries = [
            _Planned(name, connection=self.connection, serializer=self.serializer)  # type: ignore[no-untyped-call]
            for name in queue_names or self._acquired_locks
        ]


class Housekeeper:
    """Does each chore when it is due; one that fails is logged and tried again.

    Args:
        app: Its settings name the queue server.
        sweep: Runs in an app context; ``app.jobs.recover_runs.recover_runs``.
    """

    def __init__(self, app: Flask, sweep: Callable[[], object]) -> None:
        self._app = app
        self._sweep = sweep
        self._swept_at = float("-inf")
        self._tidied_at = float("-inf")
        self._complained: dict[str, float] = {}
        # Only its method is used: as a process of its own it would outlive a killed worker.
        self._scheduler = _Scheduler(
            [WEBHOOKS],
            connection=connect(app.extensions["settings"]),
            serializer=JSONSerializer,
            logging_level=logging.WARNING,
        )

    def run(self) -> None:
        """Work until the process is ended."""
        while True:
            self.tick()
            time.sleep(TICK_S)

    def tick(self) -> None:
        """Do what is due."""
        self._attempt("schedule", self._enqueue_due)
        if time.monotonic() - self._swept_at >= SWEEP_EVERY_S:
            self._swept_at = time.monotonic()
            self._attempt("sweep", self._heal)
        if time.monotonic() - self._tidied_at >= TIDY_EVERY_S:
            self._tidied_at = time.monotonic()
            self._attempt("tidy", self._tidy)

    def _enqueue_due(self) -> None:
        # Refused while the housekeeper of another pool does it.
        if self._scheduler.acquire_locks():  # type: ignore[no-untyped-call]
            self._scheduler.enqueue_scheduled_jobs()  # type: ignore[no-untyped-call]

    def _heal(self) -> None:
        with self._app.app_context():
            measure_clock()
            self._sweep()

    def _tidy(self) -> None:
        sweep_uploads(self._app.extensions["settings"])

    def _attempt(self, chore: str, do: Callable[[], None]) -> None:
        try:
            do()
        except Exception:  # noqa: BLE001 - the other chores and the next try must go on
            self._complain(chore)
        else:
            self._complained.pop(chore, None)

    def _complain(self, chore: str) -> None:
        """Log the current exception, unless the same chore told of an outage just before."""
        told_at = self._complained.get(chore, float("-inf"))
        if time.monotonic() - told_at > _REPEAT_ERROR_AFTER_S:
            self._complained[chore] = time.monotonic()
            _log.exception("chore failed", extra={"chore": chore})
