"""Adds lines to a run's log."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.broker.client import get_broker
from app.broker.live import publish
from app.db import now, transaction
from app.models import RunEventRow


def publish_line(run_id: str, message: str, kind: str = "info") -> None:
    """Append a line to a run's log and push it to live viewers."""
    with transaction() as session:
        add_line(session, run_id, message, kind)
    push_line(run_id, message, kind)


def add_line(session: Session, run_id: str, message: str, kind: str = "info") -> None:
    """Append a line to a run's log within a transaction; `push_line` follows its commit."""
    session.add(RunEventRow(run_id=run_id, kind=kind, message=message))


def push_line(run_id: str, message: str, kind: str = "info") -> None:
    """Push a line of the log to live viewers."""
    line = {"at": now().isoformat(), "kind": kind, "message": message}
    publish(get_broker(), run_id, "event", line)
