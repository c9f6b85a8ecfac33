"""The command palette: what it finds by typing."""

from app.blueprints.palette.routes import bp

__all__ = ["bp"]
