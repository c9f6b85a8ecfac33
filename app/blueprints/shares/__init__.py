"""Pages behind links that were shared: they need no account."""

from flask import Blueprint

bp = Blueprint("shares", __name__, url_prefix="/s")

from app.blueprints.shares import routes  # noqa: E402

__all__ = ["bp", "routes"]
