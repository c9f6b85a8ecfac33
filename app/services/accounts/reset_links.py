"""Links that set a new password: handed over by an administrator, good once and for a day.

The secret stands behind the ``#`` of the address, which browsers keep to themselves: it reaches no
log of a server or proxy, and opening the link, as previews in chats do, does not use it up.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, select

from app.broker.client import get_broker
from app.broker.live import end_views
from app.current import get_settings
from app.db import changed_rows, db, now, transaction
from app.errors import Conflict, Invalid, NotFound
from app.models import AccountRow, ResetLink
from app.services.accounts.accounts import Account, as_account, end_sign_ins
from app.services.accounts.passwords import hash_password, password_problems
from app.services.accounts.roles import get_row, governing

LIFETIME = timedelta(hours=24)
_MAX_LENGTH = 100


@dataclass(frozen=True, slots=True)
class NewResetLink:
    """A link that was just made; its address cannot be read again."""

    email: str
    url: str = field(repr=False)
    expires_at: datetime


def _hash(secret: str) -> str:
    # 256 random bits cannot be guessed: no slow hash is needed.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def create_reset_link(account_id: int, *, by: int | None) -> NewResetLink:
    """Make a link for the account; an earlier one is void.

    Args:
        account_id: The account.
        by: The administrator who hands it over; ``None`` for the operator at the server.

    Raises:
        NotFound: There is no such account.
        Forbidden: ``by`` is no administrator any more.
        Conflict: The account is disabled.
    """
    secret, expires_at = secrets.token_urlsafe(32), now() + LIFETIME
    with governing(by) as session:
        row = get_row(session, account_id)
        if row.disabled_at is not None:
            raise Conflict(
                f"{row.email} is disabled.", code="account_disabled", action="Enable it first."
            )
        session.execute(delete(ResetLink).where(ResetLink.user_id == account_id))
        session.add(
            ResetLink(
                user_id=account_id, token_hash=_hash(secret), made_by=by, expires_at=expires_at
            )
        )
        email = row.email
    return NewResetLink(email, f"{get_settings().address}/reset#{secret}", expires_at)


def find_reset_email(secret: str) -> str:
    """Return the address of the account that a link is for.

    Raises:
        NotFound: ``reset_link_void``: unknown, used, replaced or expired.
    """
    return _find(secret)[1]


def _find(secret: str) -> tuple[int, str]:
    row = db.session.execute(
        select(AccountRow.id, AccountRow.email)
        .join(ResetLink, ResetLink.user_id == AccountRow.id)
        .where(_is_good(secret), AccountRow.disabled_at.is_(None))
    ).first()
    if row is None:
        raise _void()
    return row.id, row.email


def _is_good(secret: str) -> ColumnElement[bool]:
    return and_(ResetLink.token_hash == _hash(secret[:_MAX_LENGTH]), ResetLink.expires_at > now())


def _void() -> NotFound:
    return NotFound(
        "This link is not valid any more: it was used, replaced or has expired.",
        code="reset_link_void",
        action="Ask an administrator for a new one.",
    )


def reset_password(secret: str, password: str) -> Account:
    """Set the password of the link's account, once; returns the account.

    All its sign-ins end: browsers, and tokens for the old password. Tokens that were made under
    Settings stay.

    Raises:
        NotFound: The link is not valid.
        Invalid: The password cannot be used; the link stays good.
    """
    account_id, email = _find(secret)
    problems = password_problems(password, email)
    if problems:
        raise Invalid("The password was not changed.", fields={"password": problems})
    db.session.rollback()  # hashing is slow; keep no connection for it
    new_hash = hash_password(password)
    with transaction() as session:
        row = get_row(session, account_id)
        row.password_hash = new_hash
        session.flush()  # the account first, as whoever disables it: else each waits for the other
        used = session.execute(delete(ResetLink).where(_is_good(secret)))
        if changed_rows(used) == 0:
            raise _void()
        end_sign_ins(session, account_id)
        account = as_account(row)
    end_views(get_broker(), account_id)
    return account


def set_password(account_id: int, password: str) -> None:
    """Set the password of an account, as the operator at the server; its sign-ins end.

    Raises:
        NotFound: There is no such account.
        Invalid: The password cannot be used.
    """
    email = get_row(db.session(), account_id).email
    problems = password_problems(password, email)
    if problems:
        raise Invalid("The password was not changed.", fields={"password": problems})
    db.session.rollback()
    new_hash = hash_password(password)
    with transaction() as session:
        get_row(session, account_id).password_hash = new_hash
        session.execute(delete(ResetLink).where(ResetLink.user_id == account_id))
        end_sign_ins(session, account_id)
    end_views(get_broker(), account_id)
