"""Reads of pending rescorings."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.db import db
from app.models import Rescoring


def pending_rescorings(run_id: str) -> list[dict[str, Any]]:
    """Return the pending rescorings of a run: ``protocol`` and answers ``done``."""
    rows = db.session.execute(
        select(Rescoring.protocol, Rescoring.done)
        .where(Rescoring.run_id == run_id)
        .order_by(Rescoring.created_at, Rescoring.protocol)
    )
    return [{"protocol": protocol, "done": done} for protocol, done in rows]
