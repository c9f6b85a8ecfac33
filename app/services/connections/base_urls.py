"""Recognises the base URL in what users paste: a host alone, or the address of an endpoint."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit, urlunsplit

from app.engine.clients.providers import PROVIDERS

_ENDPOINTS = re.compile(
    r"/(?:chat/completions|completions|responses|embeddings|messages|models)(?:/count_tokens)?$"
)
_OLLAMA = re.compile(r"/api/(?:chat|generate|tags|show|embed|pull)$|/api$")
_OLLAMA_PORT = 11434
_PORTS_OF_V1 = frozenset({_OLLAMA_PORT, 1234})  # and LM Studio's
_NO_SCHEME = re.compile(
    r"(?:localhost|\[[0-9a-fA-F:]+\]|[\w-]+(?:\.[\w-]+)+|[\w-]+(?=:\d))(?::\d+)?(?:/|$)"
)
_VERSION = re.compile(r"/v\d\w*+(?:/|$)")
_PATHS = ("/v1", "/api/v1", "/openai/v1", "/v1/openai", "/api/openai/v1", "/openai", "/api", "")
"""Where servers have their API, the most usual first."""


def clean_base_url(text: str) -> str:
    """Return the base URL in ``text``; what is no address is returned as it is.

    Paths of single endpoints are left out (``/chat/completions``), a missing scheme is added, and
    the host of a well-known provider gets its path.
    """
    url = text.strip().rstrip("/")
    if "://" not in url and _NO_SCHEME.match(url):
        url = f"{'http' if _is_near(url) else 'https'}://{url}"
    parts = _parts(url)
    if parts is None:
        return url
    path = parts.path.rstrip("/")
    while (shorter := _ENDPOINTS.sub("", path)) != path:
        path = shorter.rstrip("/")
    if parts.port == _OLLAMA_PORT:
        path = _OLLAMA.sub("/v1", path)
    if parts.port in _PORTS_OF_V1 and not path:
        path = "/v1"
    known = _known_path(parts)
    if known is not None and known.startswith(path):
        path = known
    return urlunsplit(parts._replace(path=path))


def has_version(url: str) -> bool:
    """Return whether the path names a version of the API, so that it is probably meant so."""
    parts = _parts(url)
    if parts is None:
        return False
    return _known_path(parts) is not None or _VERSION.search(parts.path) is not None


def other_addresses(url: str) -> Iterator[str]:
    """Yield the addresses of the same server where its API may be, the likeliest first."""
    parts = _parts(url)
    if parts is None:
        return
    paths = [f"{parts.path.rstrip('/')}/v1", *_PATHS]
    for path in dict.fromkeys(paths):
        if path != parts.path.rstrip("/"):
            yield urlunsplit(parts._replace(path=path))


def leads_to(url: str, host: str, port: int) -> bool:
    """Return whether ``url`` is that of a server of this machine at ``host`` and ``port``."""
    parts = _parts(url)
    if parts is None or (parts.port or (443 if parts.scheme == "https" else 80)) != port:
        return False
    name = (parts.hostname or "").lower()
    return name == host.lower() or name == "localhost" or _is_loopback(name)


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.scheme in ("http", "https") and parts.hostname else None


def _known_path(parts: SplitResult) -> str | None:
    """Return the path of the API of a well-known provider; ``None`` for any other host."""
    for provider in PROVIDERS.values():
        if not provider.needs_key or not provider.base_url:
            continue
        known = urlsplit(provider.base_url)
        if known.hostname == parts.hostname:
            return known.path
    return None


def _is_near(url: str) -> bool:
    """Return whether an address without a scheme is on this machine or in a private network."""
    host = urlsplit(f"//{url}").hostname or ""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".lan", ".internal", ".localhost"))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
