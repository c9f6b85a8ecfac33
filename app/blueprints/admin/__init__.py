"""Pages for the operator, registered only if the settings enable them."""

from app.blueprints.admin.queue_dashboard import bp, install

__all__ = ["bp", "install"]
