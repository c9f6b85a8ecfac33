"""Pages of runs: dashboard, form, live page, samples."""

from flask import Blueprint

bp = Blueprint("runs", __name__)

from app.blueprints.runs import (  # noqa: E402
    actions,
    bulk,
    dashboard,
    estimate_accuracy,
    list_views,
    live,
    new,
    sample_pages,
    show,
    tab_icon,
)

__all__ = [
    "actions",
    "bp",
    "bulk",
    "dashboard",
    "estimate_accuracy",
    "list_views",
    "live",
    "new",
    "sample_pages",
    "show",
    "tab_icon",
]
