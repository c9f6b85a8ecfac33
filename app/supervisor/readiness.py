"""``python -m app.supervisor.readiness``: ends with 0 when the web server answers ``/health``."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request

from app.config import Settings, load_settings

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # to this machine


def address_of(settings: Settings) -> str:
    """Return the URL of the web server for programs on this machine."""
    host = settings.host
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound: all addresses
        host = "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def answers(settings: Settings, path: str) -> bool:
    """Return whether the web server answers a GET of ``path`` with 200."""
    request = urllib.request.Request(address_of(settings) + path)  # noqa: S310 - our own address
    if settings.trusted_hosts:  # others are refused, that of this machine too
        request.add_header("Host", settings.trusted_hosts[0].lstrip("."))
    try:
        with _DIRECT.open(request, timeout=4) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(0 if answers(load_settings(), "/health") else 1)
