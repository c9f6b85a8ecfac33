"""Deletes an account with all that belongs to it."""

from __future__ import annotations

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.broker.client import get_broker
from app.broker.live import forget
from app.current import get_settings
from app.db import db, transaction
from app.errors import Conflict, Invalid
from app.models import AccountRow, OwnBenchmark, Run
from app.services.accounts.accounts import serialize_registrations
from app.services.accounts.passwords import verify_password
from app.services.own_benchmarks.uploads import remove_files


def delete_account(account_id: int, password: str) -> None:
    """Delete the account with all that belongs to it: runs, samples, keys, tokens, webhooks.

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
        runs = session.scalars(select(Run.id).where(Run.user_id == account_id)).all()
        own = session.scalars(
            select(OwnBenchmark.id).where(OwnBenchmark.user_id == account_id)
        ).all()
        session.execute(delete(AccountRow).where(AccountRow.id == account_id))
    remove_files(account_id, own, get_settings())
    forget(get_broker(), runs)


def _refuse_orphaning(session: Session, account_id: int) -> None:
    others = select(func.count()).select_from(AccountRow).where(AccountRow.id != account_id)
    if session.scalar(others) and not session.scalar(others.where(AccountRow.is_admin.is_(True))):
        raise Conflict(
            "This is the only administrator, and there are other accounts.",
            code="last_admin",
            action="Delete the other accounts first.",
        )
