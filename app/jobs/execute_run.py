"""Works on one run."""

from __future__ import annotations

from flask import current_app

from app.jobs.drain import draining
from app.services.run_execution import execute


def execute_run(run_id: str) -> None:
    """Work on the run ``run_id``; harmless when it is done or somebody else has it."""
    execute(run_id, current_app.extensions["settings"], draining)
