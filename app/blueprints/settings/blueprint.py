"""The blueprint of all settings pages, each of which needs a signed-in account."""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.extensions import login_manager

bp = Blueprint("settings", __name__, url_prefix="/settings")


@bp.before_request
def require_account() -> ResponseReturnValue | None:
    """Send visitors to the sign-in page."""
    if current_user.is_authenticated:
        return None
    return login_manager.unauthorized()  # type: ignore[no-any-return]


@bp.get("/")
def index() -> ResponseReturnValue:
    """Redirect to the first settings page."""
    return redirect(url_for("settings.connections"), 303)
