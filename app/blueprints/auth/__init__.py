"""Signing in and out, and registering."""

from app.blueprints.auth.routes import bp

__all__ = ["bp"]
