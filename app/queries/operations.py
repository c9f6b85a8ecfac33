"""Counts over all accounts, for the operator's monitoring."""

from __future__ import annotations

from sqlalchemy import func, select

from app.db import db
from app.models import Delivery, Run


def runs_by_status() -> dict[str, tuple[int, int]]:
    """Return by status the number of runs and that of their finished samples."""
    rows = db.session.execute(
        select(Run.status, func.count(), func.coalesce(func.sum(Run.done), 0)).group_by(Run.status)
    )
    return {status: (int(runs), int(samples)) for status, runs, samples in rows}


def deliveries_by_status() -> dict[str, int]:
    """Return the number of webhook deliveries by status."""
    rows = db.session.execute(select(Delivery.status, func.count()).group_by(Delivery.status))
    return {status: int(number) for status, number in rows}
