"""Signs browsers in and out: the cookie holds the key of a session row, and nothing else."""

from __future__ import annotations

from flask import Flask, Response, session
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_login import LoginManager, current_user, login_user, logout_user

from app.current import get_settings
from app.services.accounts.accounts import Account
from app.services.accounts.sessions import close_session, find_session, open_session
from app.web.sign_in_again import ask_to_sign_in


class PageSessions(SecureCookieSessionInterface):
    """Sessions of pages. A browser would keep a copy of each file for each of its cookies."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Send the session's cookie, unless the answer is the same for everybody."""
        if not response.cache_control.public:
            super().save_session(app, session, response)


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
    app.session_interface = PageSessions()
    login_manager.session_protection = None  # the row decides, not the browser's address
    login_manager.unauthorized_handler(ask_to_sign_in)
    login_manager.user_loader(find_session)
    login_manager.init_app(app)
