"""Pages of the operator, registered only where the settings ask for them."""

from app.blueprints.admin.queue_dashboard import bp

__all__ = ["bp"]
