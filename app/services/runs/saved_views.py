"""Keeps views of the list of runs, and which columns an account wants to see."""

from __future__ import annotations

from sqlalchemy import delete, func, select, update

from app.db import transaction
from app.errors import Conflict, Invalid
from app.models import AccountRow, RunView
from app.models.run_view import MAX_VIEW_NAME

MOST_VIEWS = 50
_MAX_QUERY = 2_000


def save_view(account_id: int, name: str, query: str) -> None:
    """Save a view; one of the same name is replaced.

    Raises:
        Invalid: The name is empty or too long, or so is the query.
        Conflict: The account has as many as may be.
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= MAX_VIEW_NAME or len(query) > _MAX_QUERY:
        message = f"Name the view with 1 to {MAX_VIEW_NAME} characters."
        raise Invalid(message, fields={"name": [message]})
    mine = RunView.user_id == account_id
    with transaction() as session:
        # The row of the account is locked, so that two at once count each other.
        session.execute(select(AccountRow.id).where(AccountRow.id == account_id).with_for_update())
        session.execute(delete(RunView).where(mine, RunView.name == name))
        number = session.scalar(select(func.count()).select_from(RunView).where(mine)) or 0
        if number >= MOST_VIEWS:
            raise Conflict(
                f"You have {number} saved views, which is as many as may be.",
                code="too_many_views",
                action="Remove one first.",
            )
        session.add(RunView(user_id=account_id, name=name, query=query))


def delete_view(account_id: int, view_id: int) -> None:
    """Delete a view; one that is gone already is no mistake."""
    with transaction() as session:
        session.execute(delete(RunView).where(RunView.user_id == account_id, RunView.id == view_id))


def choose_columns(account_id: int, names: list[str] | None) -> None:
    """Keep which columns the account's list of runs has; ``None``: the usual ones again."""
    with transaction() as session:
        session.execute(
            update(AccountRow).where(AccountRow.id == account_id).values(run_columns=names)
        )
