"""Pages of runs: the dashboard, the form, the live page, the samples."""

from flask import Blueprint

bp = Blueprint("runs", __name__)

from app.blueprints.runs import actions, dashboard, live, new, sample_pages, show  # noqa: E402

__all__ = ["actions", "bp", "dashboard", "live", "new", "sample_pages", "show"]
