"""Scores the answers of one run again."""

from __future__ import annotations

from app.current import get_settings
from app.jobs.drain import draining
from app.services.runs import rescoring


def rescore_run(run_id: str, protocol: str) -> None:
    """Score the stored answers of ``run_id`` under ``protocol``; harmless to repeat."""
    rescoring.work(run_id, protocol, get_settings(), draining)
