"""Deletes an account with all that belongs to it."""

from __future__ import annotations

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.broker.client import get_broker
from app.broker.live import end_views, forget
from app.current import get_settings
from app.db import db, transaction
from app.errors import Conflict, Invalid
from app.models import AccountRow, OwnBenchmark, Run
from app.services.account_disabling import disable_account
from app.services.accounts.accounts import serialize_registrations
from app.services.accounts.passwords import verify_password
from app.services.accounts.roles import count_admins
from app.services.own_benchmarks.uploads import remove_files


def delete_account(account_id: int, password: str) -> None:
    """Delete one's own account with all that belongs to it: runs, samples, keys, tokens, webhooks.

    A worker at one of its runs finds its lease gone and stops within a second or so; no
    webhook is sent.

    Raises:
        Invalid: ``password`` is wrong.
        Conflict: It is the only administrator's, and there are other accounts.
    """
    row = db.session.get_one(AccountRow, account_id)
    stored, is_admin = row.password_hash, row.is_admin
    db.session.rollback()
    if not verify_password(stored, password):
        raise Invalid(
            "The account was not deleted.",
            fields={"password": ["This is not your password."]},
        )
    with transaction() as session:
        if is_admin:
            serialize_registrations(session)  # nobody joins between the count and the end
            _refuse_orphaning(session, account_id)
        runs, own = _delete(session, account_id)
    _clean_up(account_id, runs, own)


def remove_account(account_id: int, *, by: int | None, force: bool = False) -> None:
    """Delete another account, with all that belongs to it, for an administrator.

    It is disabled first, so that its runs stop and nobody is in it any more.

    Args:
        account_id: The account.
        by: The administrator who decides; ``None`` for the operator at the server.
        force: Also if nobody can administer the Studio afterwards.

    Raises:
        NotFound: There is no such account.
        Forbidden: ``by`` is no administrator any more.
        Conflict: It is the last administrator.
    """
    disable_account(account_id, by=by, force=force)
    with transaction() as session:
        runs, own = _delete(session, account_id)
    _clean_up(account_id, runs, own)


def _delete(session: Session, account_id: int) -> tuple[list[str], list[str]]:
    """Delete the account; return the ids of its runs and own benchmarks."""
    # Runs first, as a worker that takes one: else each waits for the other.
    runs = session.scalars(
        select(Run.id).where(Run.user_id == account_id).order_by(Run.id).with_for_update()
    ).all()
    own = session.scalars(select(OwnBenchmark.id).where(OwnBenchmark.user_id == account_id)).all()
    session.execute(delete(AccountRow).where(AccountRow.id == account_id))
    return list(runs), list(own)


def _clean_up(account_id: int, runs: list[str], own: list[str]) -> None:
    remove_files(account_id, own, get_settings())
    forget(get_broker(), runs)
    end_views(get_broker(), account_id)


def _refuse_orphaning(session: Session, account_id: int) -> None:
    others = select(func.count()).select_from(AccountRow).where(AccountRow.id != account_id)
    if session.scalar(others) and not count_admins(session, besides=account_id):
        raise Conflict(
            "This is the only administrator, and there are other accounts.",
            code="last_admin",
            action="Make another account an administrator, or delete the other accounts first.",
        )
