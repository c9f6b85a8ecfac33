"""Sessions of signed-in browsers: one row each, so that a copied cookie dies with its session."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_login import UserMixin
from sqlalchemy import delete, select

from app.db import db, now, transaction
from app.models import AuthSession
from app.services.accounts.accounts import Account, lock_signed_in


@dataclass(frozen=True)
class SignedIn(UserMixin):  # type: ignore[misc]
    """The account behind a browser session; ``current_user`` on pages."""

    id: int
    email: str
    is_admin: bool
    created_at: datetime
    session_key: str

    def get_id(self) -> str:
        """Return what Flask-Login keeps in the cookie: the key, which is not the account's id."""
        return self.session_key

    @property
    def account(self) -> Account:
        """The account, with every scope."""
        return Account(self.id, self.email, self.is_admin, self.created_at)

    @property
    def session_hash(self) -> str:
        """The key of this session in the database."""
        return hash_key(self.session_key)


def hash_key(key: str) -> str:
    """Return the stored form of a session key; it is random, so a plain hash is enough."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def open_session(account: Account, days: int) -> SignedIn:
    """Create a session that lasts ``days``; deletes the account's expired ones.

    Raises:
        Unauthorized: The password of ``account`` was changed since it was checked.
    """
    key = secrets.token_urlsafe(32)
    at = now()
    with transaction() as rows:
        lock_signed_in(rows, account)
        rows.execute(
            delete(AuthSession).where(
                AuthSession.user_id == account.id, AuthSession.expires_at <= at
            )
        )
        rows.add(
            AuthSession(
                key_hash=hash_key(key), user_id=account.id, expires_at=at + timedelta(days=days)
            )
        )
    return SignedIn(account.id, account.email, account.is_admin, account.created_at, key)


def find_session(key: str) -> SignedIn | None:
    """Return the account signed in with ``key``; ``None`` if unknown, expired or ended."""
    row = db.session.scalar(
        select(AuthSession).where(
            AuthSession.key_hash == hash_key(key), AuthSession.expires_at > now()
        )
    )
    if row is None or row.account.disabled_at is not None:
        return None
    account = row.account
    return SignedIn(account.id, account.email, account.is_admin, account.created_at, key)


def close_session(key: str) -> None:
    """End the session of ``key`` everywhere."""
    with transaction() as rows:
        rows.execute(delete(AuthSession).where(AuthSession.key_hash == hash_key(key)))
