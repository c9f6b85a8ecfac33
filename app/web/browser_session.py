"""Signs browsers in and out: the cookie holds the key of a session row, and nothing else."""

from __future__ import annotations

from flask import Flask, session
from flask_login import LoginManager, current_user, login_user, logout_user

from app.current import get_settings
from app.services.accounts.accounts import Account
from app.services.accounts.sessions import close_session, find_session, open_session
from app.web.sign_in_again import ask_to_sign_in


def sign_in(account: Account, *, remember: bool = False) -> None:
    """Sign the browser in with a new session, which discards anything planted before."""
    signed_in = open_session(account, get_settings().session_days)
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
    login_manager.unauthorized_handler(ask_to_sign_in)
    login_manager.user_loader(find_session)
    login_manager.init_app(app)
