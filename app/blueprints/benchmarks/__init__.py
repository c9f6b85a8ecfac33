"""Pages of the catalog."""

from flask import Blueprint

bp = Blueprint("benchmarks", __name__)

from app.blueprints.benchmarks import own, routes  # noqa: E402

__all__ = ["bp", "own", "routes"]
