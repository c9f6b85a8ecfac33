"""``python -m app.supervisor.readiness``: ends with 0 when the web server answers ``/health``."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request

from app.config import Settings, load_settings

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # to this machine


def answers(settings: Settings, path: str) -> bool:
    """Return whether the web server answers a GET of ``path`` with 200."""
    request = urllib.request.Request(settings.local_address + path)  # noqa: S310 - our own address
    if settings.trusted_hosts:  # others are refused, that of this machine too
        request.add_header("Host", settings.trusted_hosts[0].lstrip("."))
    try:
        with _DIRECT.open(request, timeout=4) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(0 if answers(load_settings(), "/health") else 1)
