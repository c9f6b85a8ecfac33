"""Works on runs."""

from __future__ import annotations

import time
from threading import Event, Thread

from flask import Flask, current_app

from app.broker import queues
from app.current import settings_of
from app.jobs.drain import draining
from app.services.runs.execution import execute
from app.services.runs.workbench import Bounds, Workbench


def execute_run(run_id: str) -> None:
    """Work on the run whose turn it is (not necessarily ``run_id``), and on others beside it.

    Harmless when all is done or somebody else has it.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    Workbench(app, settings_of(app), draining).work(run_id)


def execute_alone(run_id: str) -> None:
    """Work on a run that crashed a worker, alone in this process."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    leave, over = Event(), Event()
    Thread(target=_leave_for_others, args=(app, leave, over), name="slice", daemon=True).start()
    try:
        execute(run_id, settings_of(app), draining, leave)
    finally:
        over.set()


def _leave_for_others(app: Flask, leave: Event, over: Event) -> None:
    """Set ``leave`` once the time slice is over and another job waits, or this one must end."""
    ends_at = time.monotonic() + Bounds().stay_s
    while not over.wait(Bounds().slice_s):
        with app.app_context():
            if queues.has_waiting(queues.ALONE) or time.monotonic() >= ends_at:
                leave.set()
                return
