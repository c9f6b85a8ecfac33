"""Pages of runs: dashboard, form, live page, samples."""

from flask import Blueprint

bp = Blueprint("runs", __name__)

from app.blueprints.runs import (  # noqa: E402
    actions,
    dashboard,
    estimate_accuracy,
    live,
    new,
    sample_pages,
    show,
)

__all__ = ["actions", "bp", "dashboard", "estimate_accuracy", "live", "new", "sample_pages", "show"]
