"""The jobs of deliveries: hints that wake the courier, held until their attempt is over."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable

from flask import Flask

from app.broker.client import connect
from app.broker.queues import WEBHOOKS, delivery_job_id
from app.current import settings_of
from app.services.webhooks.deliveries import which_are_due
from app.services.webhooks.delivery_slots import SLOTS, Due
from app.worker.job_holder import JobHolder

WAIT_S = 1
MOST_HELD = 2 * SLOTS
"""Further jobs wait in the queue; their deliveries get slots all the same."""

_MOST_OVER = 10_000
_LEAVE_TIMEOUT_S = 5.0
_REPEAT_ERROR_AFTER_S = 60.0
_log = logging.getLogger(__name__)


class DeliveryJobs:
    """Takes and ends jobs, in a thread: a queue server that is away must hold up no delivery.

    Which delivery gets a slot is for the courier and the database to say. A job is held as long
    as its delivery is due, or under way here; else its attempt was made, by whomever.

    Args:
        app: Its settings name the queue server.
        name: Of the courier, as a worker of the queue.
        wake: Called when jobs have come.
    """

    def __init__(self, app: Flask, name: str, wake: Callable[[], None]) -> None:
        self._app = app
        self._name = name
        self._wake = wake
        self._broker = connect(settings_of(app))
        self._holder: JobHolder | None = None
        self._under_way: set[str] = set()
        self._over: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="delivery-jobs", daemon=True)
        self._complained_at = float("-inf")

    def start(self) -> None:
        """Begin to take jobs."""
        self._thread.start()

    def stop(self) -> None:
        """End the jobs that are over, put back the others, sign off."""
        self._stopping.set()
        self._thread.join(_LEAVE_TIMEOUT_S)

    def begin(self, one: Due) -> None:
        """Note, before it is claimed, that an attempt of ``one`` begins."""
        self._under_way.add(one.delivery_id)

    def end(self, one: Due) -> None:
        """Note that the attempt is over, and with it the job for it, wherever it is."""
        self._under_way.discard(one.delivery_id)
        if self._over.qsize() < _MOST_OVER:  # what is forgotten is found over when it is taken
            self._over.put(delivery_job_id(one.delivery_id, one.made + 1))

    def _run(self) -> None:
        while not self._stopping.is_set():
            if not self._attempt(self._work):
                self._stopping.wait(WAIT_S)
        self._attempt(self._leave)
        self._broker.close()

    def _work(self) -> None:
        if self._holder is None:
            self._holder = JobHolder(WEBHOOKS, self._name, self._broker)
        self._holder.stay_present()
        if len(self._holder.held) >= MOST_HELD:
            self._stopping.wait(WAIT_S)
        elif self._holder.take(MOST_HELD, WAIT_S):
            self._wake()
        self._finish_made(self._holder)
        if self._holder.held:
            self._finish_over(self._holder)

    def _finish_made(self, holder: JobHolder) -> None:
        while not self._over.empty():
            holder.finish(self._over.get())

    def _finish_over(self, holder: JobHolder) -> None:
        due = which_are_due(set(holder.held.values()))
        needed = due | self._under_way  # in this order: a claim makes it under way, then not due
        for job_id, delivery_id in holder.held.items():
            if delivery_id not in needed:
                holder.finish(job_id)

    def _leave(self) -> None:
        if self._holder is not None:
            self._finish_made(self._holder)
            self._holder.leave()

    def _attempt(self, do: Callable[[], None]) -> bool:
        try:
            with self._app.app_context():
                do()
        except Exception:  # noqa: BLE001 - told once in a while: deliveries go on without jobs
            if time.monotonic() - self._complained_at > _REPEAT_ERROR_AFTER_S:
                self._complained_at = time.monotonic()
                _log.exception("deliveries go on without jobs")
            return False
        return True
