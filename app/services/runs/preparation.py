"""Loads a run's dataset where nothing can hold up whoever wants to stop it.

Records may come from far away, and a name that is not resolved or a disk that hangs ends when it
likes. So a thread of its own loads them, and the run's thread looks on: it tells how far that is,
and leaves when it must.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Any, Literal

from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.broker.client import get_broker
from app.broker.live import publish
from app.db import db, transaction
from app.engine.benchmarks.spec import Protocol
from app.engine.datasets.dataset import Dataset
from app.engine.datasets.loader import DatasetLoader, Transfer
from app.models import Run
from app.services.runs.leases import Lease
from app.services.runs.run_log import publish_line

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.25
PUBLISH_EVERY_S = 1.0

Reason = Literal["lost", "canceled", "handed_over"]


class Interrupted(Exception):  # noqa: N818 - a state, not a mistake
    """The run was asked to stop while it was being prepared.

    Attributes:
        reason: ``lost``: another worker has it. ``canceled``: it was called off. ``handed_over``:
            this worker must leave it to another one.
    """

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Preparation:
    """Prepares one run, until it is asked to stop.

    Args:
        lease: The right to the run.
        lost: Set when the lease is lost.
        draining: Set when this worker must leave.
    """

    def __init__(self, lease: Lease, lost: Event, draining: Event) -> None:
        self._lease = lease
        self._lost = lost
        self._draining = draining
        self._published: dict[str, Any] | None = None
        self._published_at = float("-inf")

    def load(self, loader: DatasetLoader, protocol: Protocol) -> Dataset:
        """Return the dataset of ``protocol``.

        Raises:
            Interrupted: The run must not go on here.
            DatasetError: It cannot be loaded.
        """
        loading = Loading(loader, protocol)

        def look() -> None:
            self._publish(loading.sentences(), loading.state())
            self._check()

        try:
            return loading.wait(look)
        finally:
            self._publish(loading.sentences(), None)

    def _check(self) -> None:
        """Check that the run may go on.

        Raises:
            Interrupted: It may not.
        """
        if self._lost.is_set():
            raise Interrupted("lost")
        try:
            asked = db.session.scalar(
                select(Run.cancel_requested_at).where(Run.id == self._lease.run_id)
            )
            db.session.rollback()
        except (OperationalError, PoolTimeout):
            db.session.rollback()
            return  # the database may be back before the lease is over
        if asked:
            raise Interrupted("canceled")
        if self._draining.is_set():
            raise Interrupted("handed_over")

    def _publish(self, sentences: list[str], state: dict[str, Any] | None) -> None:
        """Write new steps into the log, and how far the current one is into the run's row.

        Args:
            sentences: The steps.
            state: Of the current one; ``None``: nothing is under way.
        """
        run_id, now = self._lease.run_id, time.monotonic()
        try:
            for sentence in sentences:
                publish_line(run_id, sentence)
            if (
                state is None
                or state == self._published
                or now - self._published_at < PUBLISH_EVERY_S
            ):
                return
            self._published, self._published_at = state, now
            with transaction() as session:
                session.execute(
                    update(Run)
                    .where(Run.id == run_id, Run.lease_token == self._lease.token)
                    .values(preparing=state)
                )
        except (OperationalError, PoolTimeout):
            db.session.rollback()
            log.warning("progress not written", extra={"run_id": run_id})
            return
        publish(get_broker(), run_id, "preparing", state)


class Loading:
    """A dataset that is being loaded by a thread of its own."""

    def __init__(self, loader: DatasetLoader, protocol: Protocol) -> None:
        self._loader = loader
        self._over = Event()
        self._lock = Lock()
        self._sentences: deque[str] = deque()
        self._state: dict[str, Any] | None = None
        self._result: Callable[[], Dataset] = _raiser(RuntimeError("it is not over"))
        arguments = (loader, protocol)
        # A daemon: whatever it hangs in does not keep the process alive.
        Thread(target=self._load, args=arguments, name="dataset", daemon=True).start()

    def _load(self, loader: DatasetLoader, protocol: Protocol) -> None:
        try:
            dataset = loader.load(protocol, self._step, self._transfer)
            self._result = lambda: dataset
        except BaseException as error:  # noqa: BLE001 - raised again by who waits
            self._result = _raiser(error)
        finally:
            self._over.set()

    def _step(self, sentence: str) -> None:
        with self._lock:
            self._sentences.append(sentence)
            self._state = {"message": sentence, "done_bytes": None, "total_bytes": None}

    def _transfer(self, transfer: Transfer) -> None:
        with self._lock:
            self._state = {
                "message": f"Downloading {transfer.name}",
                "done_bytes": transfer.done_bytes,
                "total_bytes": transfer.total_bytes,
            }

    def sentences(self) -> list[str]:
        """Return the steps that were begun since this was asked last."""
        with self._lock:
            new = list(self._sentences)
            self._sentences.clear()
        return new

    def state(self) -> dict[str, Any] | None:
        """Return the current step, and how far it is; ``None`` before the first."""
        with self._lock:
            return self._state

    def wait(self, look: Callable[[], None]) -> Dataset:
        """Return the dataset once it is loaded, or raise why it cannot be.

        Args:
            look: Called several times a second; what it raises ends the loading.
        """
        try:
            while not self._over.wait(LOOK_EVERY_S):
                look()
        finally:
            self._loader.close()
        return self._result()


def _raiser(error: BaseException) -> Callable[[], Dataset]:
    def again() -> Dataset:
        raise error

    return again
