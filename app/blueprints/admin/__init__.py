"""Pages of the operator, imported and registered only where the settings ask for them."""

from app.blueprints.admin.queue_dashboard import bp, install

__all__ = ["bp", "install"]
