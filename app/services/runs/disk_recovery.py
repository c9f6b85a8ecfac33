"""Resumes runs once a full disk has room again."""

from __future__ import annotations

import logging
import secrets
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from app import disk
from app.current import get_settings
from app.db import db, now, transaction
from app.engine.disk_full import DISK_FULL
from app.models import Run, RunEventRow
from app.services.runs.lifecycle import go_on
from app.services.runs.submission import hand_to_queue
from app.services.storage.disk_space import room

log = logging.getLogger(__name__)

ROOM_LASTS_S = 10.0
"""A run that paused for a full disk rests at least so long."""

LONGEST_REST_S = 300.0
_MOST_RESUMED = 100
_PROBE_BYTES = 2**19


def go_on_when_there_is_room() -> int:
    """Renew the disk reserve and resume runs that paused on a full disk; returns how many."""
    settings = get_settings()
    left = room(settings)
    if left.level != "ok":
        return 0
    disk.keep_reserve(settings.data_dir, left)
    return _resume_runs()


def _resume_runs() -> int:
    """Resume runs that paused because the disk was full; returns how many."""
    paused = (Run.status == "paused") & (Run.failure["code"].as_string() == DISK_FULL.code)
    columns = select(Run.id, Run.attempt, Run.finished_at)
    waiting = db.session.execute(columns.where(paused).limit(_MOST_RESUMED)).all()
    rested = [run_id for run_id, attempt, at in waiting if at is None or at < _rested(attempt)]
    if not rested or not _database_has_room(rested[0]):
        return 0
    with transaction() as session:
        resumed = go_on(session, paused & Run.id.in_(rested))
    for run_id, attempt in resumed:
        log.info("run resumed: there is room again", extra={"run_id": run_id})
        hand_to_queue(run_id, attempt)
    return len(resumed)


def _rested(attempt: int) -> datetime:
    """Return the latest pause time of runs that may resume now.

    One that fills the disk by itself, again and again, does so less and less often.
    """
    return now() - timedelta(seconds=min(ROOM_LASTS_S * (attempt + 1), LONGEST_REST_S))


def _database_has_room(run_id: str) -> bool:
    """Test with a large write, rolled back, whether the database's disk has room."""
    row = RunEventRow(run_id=run_id, kind="info", message=secrets.token_hex(_PROBE_BYTES))
    try:
        with transaction() as session:
            session.add(row)
            session.flush()
            session.rollback()
    except OperationalError as error:
        if disk.is_full(error):
            return False
        raise
    return True
