"""Signed-in browsers: one row each, so that a copied cookie dies with its session."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Flask, session
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from sqlalchemy import delete, select

from app.current import get_settings
from app.db import db, now, transaction
from app.models import AuthSession
from app.services.accounts.accounts import Account


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
        """How the database knows this session."""
        return hash_key(self.session_key)


def hash_key(key: str) -> str:
    """Return the stored form of a session key; it is random, so a plain hash is enough."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def open_session(account: Account, days: int) -> SignedIn:
    """Make a session that lasts ``days``; expired ones of the account go."""
    key = secrets.token_urlsafe(32)
    at = now()
    with transaction() as rows:
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
    """Return who is behind ``key``; ``None`` when it is unknown, expired or ended."""
    row = db.session.scalar(
        select(AuthSession).where(
            AuthSession.key_hash == hash_key(key), AuthSession.expires_at > now()
        )
    )
    if row is None:
        return None
    user = row.user
    return SignedIn(user.id, user.email, user.is_admin, user.created_at, key)


def close_session(key: str) -> None:
    """End the session of ``key`` everywhere."""
    with transaction() as rows:
        rows.execute(delete(AuthSession).where(AuthSession.key_hash == hash_key(key)))


def sign_in(account: Account, *, remember: bool = False) -> None:
    """Sign the browser in, in a new session: nothing that was planted before survives."""
    settings = get_settings()
    signed_in = open_session(account, settings.session_days)
    session.clear()
    session.permanent = remember
    login_user(signed_in)


def sign_out() -> None:
    """End the browser's session."""
    if current_user.is_authenticated:
        close_session(current_user.session_key)
    logout_user()
    session.clear()


def install(app: Flask, login_manager: LoginManager) -> None:
    """Attach sessions to ``app``; the flags of their cookie are in ``app.factory``."""
    login_manager.session_protection = None  # the row decides, not the browser's address
    login_manager.login_view = "auth.login"
    login_manager.login_message = "Sign in to go on."
    login_manager.login_message_category = "info"
    login_manager.user_loader(find_session)
    login_manager.init_app(app)
