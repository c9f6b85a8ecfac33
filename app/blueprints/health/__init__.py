"""Health for people and monitors, readiness for load balancers."""

from flask import Blueprint

bp = Blueprint("health", __name__)

from app.blueprints.health import metrics, routes  # noqa: E402

__all__ = ["bp", "metrics", "routes"]
