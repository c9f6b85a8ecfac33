"""The page that compares runs."""

from flask import Blueprint

bp = Blueprint("compare", __name__)

from app.blueprints.compare import answers, routes  # noqa: E402

__all__ = ["answers", "bp", "routes"]
