"""Signing in, registering, signing out, and new passwords by reset links."""

from app.blueprints.auth import reset, routes
from app.blueprints.auth.blueprint import bp

__all__ = ["bp", "reset", "routes"]
