"""Deletes a connection; the runs that use it pause."""

from __future__ import annotations

from sqlalchemy import delete

from app.db import changed_rows, transaction
from app.errors import Conflict
from app.models import Connection
from app.services.connections.presets import is_connection_name
from app.services.connections.store import get_connection
from app.services.runs.ends import pause_runs_with
from app.services.webhooks import outbox


def delete_connection(account_id: int, is_admin: bool, name: str) -> None:
    """Delete the connection ``name`` and its key; pauses active runs that use it.

    Raises:
        NotFound: The account has none of that name.
        Conflict: It comes from the environment or is built in.
    """
    with transaction() as session:
        removed = session.execute(
            delete(Connection).where(Connection.user_id == account_id, Connection.name == name)
            if is_connection_name(name)
            else delete(Connection).where(Connection.id.is_(None))
        )
        gone = changed_rows(removed) > 0
        ended = pause_runs_with(session, account_id, name) if gone else []
    if gone:
        outbox.enqueue(ended)
        return
    given = get_connection(account_id, is_admin, name)
    raise Conflict(
        "This connection comes from the server's environment."
        if given.from_environment
        else "The simulated connection is built in.",
        code="read_only_connection",
        action="Remove its key from the environment instead." if given.from_environment else None,
    )
