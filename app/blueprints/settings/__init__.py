"""Settings: connections, API tokens, webhooks, account. One file per noun."""

from app.blueprints.settings import account, connections, tokens, webhooks
from app.blueprints.settings.blueprint import bp

__all__ = ["account", "bp", "connections", "tokens", "webhooks"]
