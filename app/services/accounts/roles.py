"""Who administers the Studio. Somebody always does, unless an operator forces otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.db import db, transaction
from app.errors import Conflict, Forbidden, NotFound
from app.models import AccountRow, ResetLink
from app.services.accounts.accounts import serialize_registrations

_GOVERNS = AccountRow.is_admin.is_(True) & AccountRow.disabled_at.is_(None)


@contextmanager
def governing(by: int | None) -> Iterator[Session]:
    """Open a transaction that decides about accounts, one at a time.

    Args:
        by: The administrator who decides; ``None`` for the operator at the server.

    Raises:
        Forbidden: ``by`` is no administrator any more: somebody else decided first.
    """
    with transaction() as session:
        serialize_registrations(session)
        if by is not None and not session.scalar(select(_GOVERNS).where(AccountRow.id == by)):
            raise Forbidden("Your account is not an administrator's any more.", code="admins_only")
        yield session


def administers(account_id: int) -> bool:
    """Return whether an account administers the Studio now."""
    return bool(db.session.scalar(select(_GOVERNS).where(AccountRow.id == account_id)))


def get_row(session: Session, account_id: int) -> AccountRow:
    """Return the row of an account.

    Raises:
        NotFound: There is none.
    """
    row = session.get(AccountRow, account_id, populate_existing=True)
    if row is None:
        raise NotFound("There is no such account.", code="account_not_found")
    return row


def set_admin(account_id: int, is_admin: bool, *, by: int | None, force: bool = False) -> bool:
    """Give an account the administrator's role, or take it; returns whether that changed anything.

    Args:
        account_id: The account.
        is_admin: The role it shall have.
        by: As for `governing`.
        force: Also if nobody can administer the Studio afterwards.

    Raises:
        NotFound: There is no such account.
        Forbidden: ``by`` may not decide.
        Conflict: It is the last administrator.
    """
    with governing(by) as session:
        row = get_row(session, account_id)
        if row.is_admin == is_admin:
            return False
        if not is_admin and not force:
            require_another_admin(session, row)
        row.is_admin = is_admin
        if not is_admin:
            void_links_by(session, account_id)
    return True


def void_links_by(session: Session, account_id: int) -> None:
    """Void the reset links that an administrator made and may have kept."""
    session.execute(delete(ResetLink).where(ResetLink.made_by == account_id))


def require_another_admin(session: Session, row: AccountRow) -> None:
    """Refuse to lose the last account that can administer the Studio.

    Raises:
        Conflict: ``last_admin``.
    """
    if not row.is_admin or row.disabled_at is not None:
        return
    if not count_admins(session, besides=row.id):
        raise Conflict(
            f"{row.email} is the only administrator.",
            code="last_admin",
            action="Make another account an administrator first.",
        )


def count_admins(session: Session, *, besides: int) -> int:
    """Count the other accounts that can administer the Studio."""
    others = select(func.count()).select_from(AccountRow).where(_GOVERNS, AccountRow.id != besides)
    return session.scalar(others) or 0
