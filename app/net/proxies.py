"""Which calls go through the operator's proxy."""

from __future__ import annotations

from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

from app.net.http import ProxyChoice

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def proxy_choice(proxy: str | None, no_proxy: str) -> ProxyChoice | None:
    """Return the choice for one proxy; ``None`` without one.

    Args:
        proxy: Its address.
        no_proxy: Comma-separated hosts and domains that are reached directly; ``*``: all. This
            machine itself always is.
    """
    if proxy is None:
        return None

    def choose(_scheme: str, host: str) -> str | None:
        direct = host in _LOCAL or proxy_bypass_environment(host, {"no": no_proxy})
        return None if direct else proxy

    return choose
