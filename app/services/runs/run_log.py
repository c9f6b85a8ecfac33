"""Adds lines to a run's log."""

from __future__ import annotations

from app.broker.client import get_broker
from app.broker.live import publish
from app.db import now, transaction
from app.models import RunEventRow


def publish_line(run_id: str, message: str, kind: str = "info") -> None:
    """Append a line to a run's log and push it to live viewers."""
    with transaction() as session:
        session.add(RunEventRow(run_id=run_id, kind=kind, message=message))
    line = {"at": now().isoformat(), "kind": kind, "message": message}
    publish(get_broker(), run_id, "event", line)
