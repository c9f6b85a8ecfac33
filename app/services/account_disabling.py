"""Disables accounts and enables them again; nothing of theirs is lost."""

from __future__ import annotations

from sqlalchemy import delete

from app.broker.client import get_broker
from app.broker.live import end_views
from app.db import now, transaction
from app.models import ApiToken, AuthSession, ResetLink
from app.services.accounts.roles import get_row, governing, require_another_admin, void_links_by
from app.services.runs.ends import pause_runs_of
from app.services.webhooks import outbox


def disable_account(account_id: int, *, by: int | None, force: bool = False) -> bool:
    """Disable an account; returns whether it was enabled.

    Its sessions, tokens and reset links end at once, and so do live views; links that it shared
    show nothing until it is enabled again. Runs pause: a queued
    one at once, another after its calls under way, whose answers are kept. So nothing more is
    spent, and the owner can resume once the account is enabled again.

    Args:
        account_id: The account.
        by: The administrator who decides; ``None`` for the operator at the server.
        force: Also if nobody can administer the Studio afterwards.

    Raises:
        NotFound: There is no such account.
        Forbidden: ``by`` is no administrator any more.
        Conflict: It is the last administrator.
    """
    with governing(by) as session:
        row = get_row(session, account_id)
        was_enabled = row.disabled_at is None
        if not force:
            require_another_admin(session, row)
        row.disabled_at = row.disabled_at or now()
        for belonging in (AuthSession, ApiToken, ResetLink):
            session.execute(delete(belonging).where(belonging.user_id == account_id))
        void_links_by(session, account_id)
    # Apart from the above: a worker that takes a run locks it before the account, too.
    with transaction() as session:
        deliveries = pause_runs_of(session, account_id)
    outbox.enqueue(deliveries)
    end_views(get_broker(), account_id)
    return was_enabled


def enable_account(account_id: int, *, by: int | None) -> bool:
    """Let the account sign in again; returns whether it was disabled.

    Raises:
        NotFound: There is no such account.
        Forbidden: ``by`` is no administrator any more.
    """
    with governing(by) as session:
        row = get_row(session, account_id)
        was_disabled = row.disabled_at is not None
        row.disabled_at = None
    return was_disabled
