"""Puts jobs that were planned for later into their queue when they are due."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from rq.registry import ScheduledJobRegistry
from rq.scheduler import RQScheduler
from rq.serializers import JSONSerializer

from app.broker.client import connect
from app.broker.queues import WEBHOOKS
from app.config import Settings
from app.db import now


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


class Schedule:
    """RQ's scheduler, without its process, which would outlive a killed housekeeper.

    Args:
        settings: They name the queue server.
    """

    def __init__(self, settings: Settings) -> None:
        self._scheduler = _Scheduler(
            [WEBHOOKS],
            connection=connect(settings),
            serializer=JSONSerializer,
            logging_level=logging.WARNING,
        )

    def enqueue_due(self) -> None:
        """Move due jobs, unless the housekeeper of another pool does it."""
        if self._scheduler.acquire_locks():  # type: ignore[no-untyped-call]
            self._scheduler.enqueue_scheduled_jobs()  # type: ignore[no-untyped-call]
