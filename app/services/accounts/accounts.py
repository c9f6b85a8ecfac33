"""Register, authenticate, change password."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.current import get_settings
from app.db import db, now, transaction
from app.errors import Conflict, Forbidden, Invalid, Unauthorized
from app.models import AccountRow, ApiToken, AuthSession
from app.services.accounts.passwords import (
    hash_password,
    needs_rehash,
    password_problems,
    verify_password,
)

ALL_SCOPES = frozenset({"read", "write"})
MAX_EMAIL_LENGTH = 254
_REGISTRATIONS = 0x0B5_0001
"""The number of PostgreSQL's lock, which is the application's to choose."""

_EMAIL = re.compile(r"[^\s@<>(),;:\"\[\]\\\x00-\x1f\x7f]{1,64}@(?:[\w-]{1,63}\.)*[\w-]{1,63}")


@dataclass(frozen=True, slots=True)
class Account:
    """An authenticated account, with the scopes of its credential.

    ``password_stamp`` changes with the password; ``None``: no password was checked.
    """

    id: int
    email: str
    is_admin: bool
    created_at: datetime
    scopes: frozenset[str] = ALL_SCOPES
    password_stamp: str | None = field(default=None, repr=False)


def as_account(row: AccountRow) -> Account:
    """Return the account of a row."""
    stamp = _stamp(row.password_hash)
    return Account(row.id, row.email, row.is_admin, row.created_at, password_stamp=stamp)


def _stamp(password_hash: str) -> str:
    return hashlib.sha256(password_hash.encode()).hexdigest()


def normalize_email(email: str) -> str:
    """Return ``email`` as it is stored: trimmed and in lower case.

    Raises:
        Invalid: It has not the form of an address.
    """
    normal = email.strip().lower()
    if len(normal) > MAX_EMAIL_LENGTH or not _EMAIL.fullmatch(normal):
        raise Invalid(
            "The email address is not valid.",
            fields={"email": ["Enter an email address such as ada@example.org."]},
        )
    return normal


def has_accounts() -> bool:
    """Return whether anybody has registered yet."""
    return db.session.execute(select(AccountRow.id).limit(1)).first() is not None


def registration_is_open() -> bool:
    """Return whether a new account may be created now."""
    settings = get_settings()
    return settings.registration_open or not has_accounts()


def _refuse_closed_registration() -> None:
    raise Forbidden(
        "Registration is closed on this server.",
        code="registration_closed",
        action="Ask the administrator to open registration (REGISTRATION_OPEN).",
    )


def serialize_registrations(session: Session) -> None:
    """Serialise what decides who is an administrator: registrations, roles, deletions.

    So only one account becomes the first, and the last administrator stays. SQLite's write lock
    suffices. PostgreSQL has a lock of its own for it, since one of the table would hold up
    sign-ins and workers, and wait for them.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_REGISTRATIONS)))


def lock_account(session: Session, account_id: int) -> None:
    """Lock the account, so that concurrent requests cannot exceed its limits.

    SQLite's write lock does that already; there the row is only looked for.

    Raises:
        Unauthorized: The account was deleted or disabled meanwhile.
    """
    mine = select(AccountRow.disabled_at).where(AccountRow.id == account_id)
    _require_enabled(session.execute(mine.with_for_update(key_share=True)).first())


def _require_enabled(row: Any) -> None:
    if row is None:
        raise Unauthorized("This account has been deleted.", code="account_deleted")
    if row.disabled_at is not None:
        raise disabled()


def lock_signed_in(session: Session, account: Account) -> None:
    """Lock an account whose password was checked, if that password still is the one in force.

    Checking takes a while: what was let in by a password that was changed in between would
    outlive the change, which ends all earlier sign-ins. The sign-in is noted.

    Raises:
        Unauthorized: The password was changed, or the account deleted or disabled, meanwhile.
    """
    row = session.execute(
        update(AccountRow)
        .where(AccountRow.id == account.id)
        .values(last_sign_in_at=now())
        .returning(AccountRow.password_hash, AccountRow.disabled_at)
    ).first()
    _require_enabled(row)
    if row is None or _stamp(row.password_hash) != account.password_stamp:
        raise Unauthorized(
            "The password was changed a moment ago.",
            code="bad_credentials",
            action="Sign in with the new one.",
        )


def disabled() -> Unauthorized:
    """Return the refusal of whoever knows the password of a disabled account."""
    return Unauthorized(
        "This account has been disabled.",
        code="account_disabled",
        action="Ask an administrator to enable it.",
    )


def register_account(email: str, password: str) -> Account:
    """Create an account; the first one becomes the administrator.

    Raises:
        Invalid: The address or the password cannot be used.
        Conflict: The address has an account already.
        Forbidden: Registration is closed.
    """
    email = normalize_email(email)
    if not registration_is_open():
        _refuse_closed_registration()
    problems = password_problems(password, email)
    if problems:
        raise Invalid("The password cannot be used.", fields={"password": problems})
    row = AccountRow(email=email, password_hash=hash_password(password), is_admin=False)
    settings = get_settings()
    try:
        with transaction() as session:
            serialize_registrations(session)
            first = session.scalar(select(func.count(AccountRow.id))) == 0
            if not first and not settings.registration_open:
                _refuse_closed_registration()
            row.is_admin = first
            session.add(row)
            session.flush()
            return as_account(row)
    except IntegrityError:
        raise Conflict(
            "This email address cannot be registered.",
            code="email_taken",
            action="If it is yours, sign in instead.",
            fields={"email": ["This address cannot be registered. Is it yours? Sign in."]},
        ) from None


def _find_row(email: str) -> AccountRow | None:
    return db.session.scalar(select(AccountRow).where(AccountRow.email == email))


def _rehash(account_id: int, stored: str, password: str) -> None:
    new = hash_password(password)
    with transaction() as session:
        session.execute(
            update(AccountRow)
            .where(AccountRow.id == account_id, AccountRow.password_hash == stored)
            .values(password_hash=new)
        )


def authenticate(email: str, password: str) -> Account:
    """Return the account of ``email`` if ``password`` is right.

    An unknown address and a wrong password give the same answer after the same time.

    Raises:
        Unauthorized: They do not fit, or the account is disabled: who knows the password is told.
    """
    email = email.strip().lower()
    row = _find_row(email) if _EMAIL.fullmatch(email) else None
    stored = row.password_hash if row else None
    is_disabled = row is not None and row.disabled_at is not None
    account = as_account(row) if row else None
    db.session.rollback()  # hashing is slow; keep no connection for it
    right = verify_password(stored, password)
    if account is None or stored is None or not right:
        raise Unauthorized(
            "The email address or the password is wrong.",
            code="bad_credentials",
            action="Check both and try again.",
        )
    if is_disabled:
        raise disabled()
    if needs_rehash(stored):
        _rehash(account.id, stored, password)
        return authenticate(email, password)  # by the stamp of the new hash
    return account


def change_password(account_id: int, current: str, new: str, keep_session_hash: str | None) -> None:
    """Replace the password and end all other sign-ins: browsers, and tokens for the old password.

    Tokens that were made under Settings stay.

    Args:
        account_id: The account.
        current: The password in force.
        new: The one to come.
        keep_session_hash: Hash of the session that may go on; ``None`` ends all.

    Raises:
        Invalid: ``current`` is wrong or ``new`` cannot be used.
    """
    row = db.session.get_one(AccountRow, account_id)
    stored, email = row.password_hash, row.email
    db.session.rollback()
    if not verify_password(stored, current):
        raise Invalid(
            "The password was not changed.",
            fields={"current_password": ["This is not your current password."]},
        )
    problems = password_problems(new, email)
    if problems:
        raise Invalid("The password was not changed.", fields={"new_password": problems})
    new_hash = hash_password(new)
    with transaction() as session:
        changed = session.execute(
            update(AccountRow)
            .where(AccountRow.id == account_id, AccountRow.password_hash == stored)
            .values(password_hash=new_hash)
        )
        if changed.rowcount == 0:  # type: ignore[attr-defined]
            raise Conflict("The password was changed elsewhere at the same time.")
        end_sign_ins(session, account_id, keep_session_hash)


def end_sign_ins(session: Session, account_id: int, keep_session_hash: str | None = None) -> None:
    """End what a password opened: browsers' sessions and tokens from ``/auth/login``."""
    mine = AuthSession.user_id == account_id
    sign_ins = select(AuthSession.key_hash).where(mine)
    session.execute(delete(ApiToken).where(ApiToken.token_hash.in_(sign_ins)))
    if keep_session_hash is not None:
        mine &= AuthSession.key_hash != keep_session_hash
    session.execute(delete(AuthSession).where(mine))
