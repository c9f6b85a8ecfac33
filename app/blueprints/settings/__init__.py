"""Settings: connections, API tokens, webhooks, shared links, account, users. One file per noun."""

from app.blueprints.settings import (
    account,
    connections,
    local_servers,
    shares,
    tokens,
    users,
    webhooks,
)
from app.blueprints.settings.blueprint import bp

__all__ = ["account", "bp", "connections", "local_servers", "shares", "tokens", "users", "webhooks"]
