"""Settings: connections, API tokens, webhooks, account, users. One file per noun."""

from app.blueprints.settings import account, connections, tokens, users, webhooks
from app.blueprints.settings.blueprint import bp

__all__ = ["account", "bp", "connections", "tokens", "users", "webhooks"]
