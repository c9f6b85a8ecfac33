"""The pool's process that heals runs, queues what is due and sweeps up what the dead left."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

from flask import Flask

from app.current import settings_of
from app.db import measure_clock
from app.engine.sandbox.folders import sweep_folders
from app.services.own_benchmarks.uploads import sweep_uploads
from app.worker.schedule import Schedule

TICK_S = 1.0
SWEEP_EVERY_S = 2.0
TIDY_EVERY_S = 60.0
_REPEAT_ERROR_AFTER_S = 60.0
_log = logging.getLogger(__name__)


class Housekeeper:
    """Does periodic chores; a failed one is logged and tried again.

    Args:
        app: Gives the chores their app context; its settings name the queue server.
        sweeps: Chores by name, which run in an app context; ``app.jobs.recover_runs.SWEEPS``.
    """

    def __init__(self, app: Flask, sweeps: Mapping[str, Callable[[], object]]) -> None:
        self._app = app
        self._sweeps = sweeps
        self._schedule = Schedule(settings_of(app))
        self._swept_at = float("-inf")
        self._tidied_at = float("-inf")
        self._complained: dict[str, float] = {}

    def run(self) -> None:
        """Work until the process is ended."""
        while True:
            self.tick()
            time.sleep(TICK_S)

    def tick(self) -> None:
        """Do what is due."""
        self._attempt("schedule", self._schedule.enqueue_due)
        if time.monotonic() - self._swept_at >= SWEEP_EVERY_S:
            self._swept_at = time.monotonic()
            self._attempt("measure the database's clock", self._in_context(measure_clock))
            for chore, sweep in self._sweeps.items():
                self._attempt(chore, self._in_context(sweep))
        if time.monotonic() - self._tidied_at >= TIDY_EVERY_S:
            self._tidied_at = time.monotonic()
            self._attempt("tidy", self._tidy)

    def _in_context(self, do: Callable[[], object]) -> Callable[[], None]:
        def chore() -> None:
            with self._app.app_context():
                do()

        return chore

    def _tidy(self) -> None:
        sweep_folders()
        sweep_uploads(settings_of(self._app))

    def _attempt(self, chore: str, do: Callable[[], None]) -> None:
        try:
            do()
        except Exception:  # noqa: BLE001 - the other chores and the next try must go on
            self._complain(chore)
        else:
            self._complained.pop(chore, None)

    def _complain(self, chore: str) -> None:
        """Log the current exception, unless the same chore just logged an outage."""
        logged_at = self._complained.get(chore, float("-inf"))
        if time.monotonic() - logged_at > _REPEAT_ERROR_AFTER_S:
            self._complained[chore] = time.monotonic()
            _log.exception("chore failed", extra={"chore": chore})
