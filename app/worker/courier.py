"""The process that delivers webhooks: many at a time, shared fairly among accounts."""

from __future__ import annotations

import logging
import queue
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import FrameType

from flask import Flask

from app.db import measure_clock
from app.services.webhooks import deliveries
from app.services.webhooks.delivery_slots import SLOTS, DeliverySlots, Due
from app.worker.delivery_jobs import DeliveryJobs

POLL_S = 1.0
_REPEAT_ERROR_AFTER_S = 60.0
_log = logging.getLogger(__name__)


class Courier:
    """Asks the database for due deliveries, hands them to threads, drains on SIGTERM.

    The database is the truth: several couriers may run, each attempt is claimed by one of them,
    and what a killed one had claimed is attempted again when the claim is over. A job wakes it at
    once; without any, the next poll finds what is due.

    Args:
        app: Gives every attempt its app context.
        name: Its name as a worker of the queue; unique, see `new_worker_name`.
        poll_s: So often it asks when nothing else wakes it.
    """

    def __init__(self, app: Flask, name: str, poll_s: float = POLL_S) -> None:
        self._app = app
        self._poll_s = poll_s
        self._slots = DeliverySlots()
        self._news: queue.SimpleQueue[tuple[Due, bool] | None] = queue.SimpleQueue()
        self._jobs = DeliveryJobs(app, name, wake=lambda: self._news.put(None))
        self._threads = ThreadPoolExecutor(SLOTS, thread_name_prefix="delivery")
        self._stopping = False
        self._complained_at = float("-inf")

    def run(self) -> None:
        """Deliver until SIGTERM; see `work`."""
        signal.signal(signal.SIGTERM, self._request_stop)
        self.work()

    def work(self) -> None:
        """Deliver until `stop`, then let the attempts under way end."""
        self._jobs.start()
        while not self._stopping:
            self._attempt(self.hand_out)
            self._settle(self._poll_s)
        self._threads.shutdown()
        self._jobs.stop()

    def stop(self) -> None:
        """Start no further attempts, and make `work` return."""
        self._stopping = True

    def _request_stop(self, signum: int, frame: FrameType | None) -> None:
        self.stop()

    def hand_out(self) -> None:
        """Start attempts until no slot is free or no delivery may have one."""
        with self._app.app_context():
            measure_clock()
            while not self._stopping:
                due = {one.delivery_id: one for one in deliveries.due_deliveries()}
                started = 0
                while (one := self._slots.next_of(due.values())) is not None:
                    del due[one.delivery_id]
                    started += self._start(one)
                if not started:
                    return

    def _start(self, one: Due) -> bool:
        self._jobs.begin(one)
        claimed = False
        try:
            claimed = deliveries.claim_attempt(one.delivery_id, one.made)
        finally:
            if not claimed:
                self._jobs.end(one)
        if not claimed:
            return False
        self._slots.take(one)
        self._threads.submit(self._deliver, one)
        return True

    def _deliver(self, one: Due) -> None:
        delivered = False
        try:
            with self._app.app_context():
                delivered = deliveries.make_attempt(one.delivery_id)
        except Exception:  # noqa: BLE001 - a database that is away: the claim runs out
            _log.exception("attempt not recorded", extra={"delivery_id": one.delivery_id})
        finally:
            self._jobs.end(one)
            self._news.put((one, not delivered))

    def _settle(self, timeout_s: float) -> None:
        """Wait for a job or the end of an attempt; take back the slots of those that are over."""
        try:
            news = self._news.get(timeout=timeout_s)
            while True:
                if news is not None:
                    one, failed = news
                    self._slots.release(one, failed=failed)
                news = self._news.get_nowait()
        except queue.Empty:
            return

    def _attempt(self, do: Callable[[], None]) -> None:
        try:
            do()
        except Exception:  # noqa: BLE001 - told once in a while, and tried again
            if time.monotonic() - self._complained_at > _REPEAT_ERROR_AFTER_S:
                self._complained_at = time.monotonic()
                _log.exception("deliveries wait")
