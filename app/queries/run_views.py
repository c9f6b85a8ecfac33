"""Reads what an account keeps of its list of runs: saved views and chosen columns."""

from __future__ import annotations

from sqlalchemy import select

from app.db import db
from app.models import AccountRow, RunView


def saved_views(account_id: int) -> list[RunView]:
    """Return the views of an account by name."""
    mine = select(RunView).where(RunView.user_id == account_id)
    return list(db.session.scalars(mine.order_by(RunView.name)))


def chosen_columns(account_id: int) -> list[str] | None:
    """Return the names of the columns that an account chose; ``None``: it did not."""
    return db.session.scalar(select(AccountRow.run_columns).where(AccountRow.id == account_id))
