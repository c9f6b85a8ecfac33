"""Whose prices hold at an address: by its host, never by what somebody calls a connection."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Seller:
    """Who may sell a model, and how the price list calls that model.

    Attributes:
        provider: An id of the price list.
        model: The model's id there.
    """

    provider: str
    model: str


_HOSTS: Mapping[str, str] = MappingProxyType(
    {
        "api.moonshot.ai": "moonshotai",
        "api.moonshot.cn": "moonshotai",
        "api.together.ai": "together",
    }
)
"""Beside the patterns of the price list."""

_BY_PATH = ("router.huggingface.co", "api.cloudflare.com", ".databricks.com")
"""Hosts where the path says whose prices hold."""

_CLOUDFLARE = "gateway.ai.cloudflare.com"

_GATEWAYS = frozenset(
    {
        "openrouter.ai",
        "api.openrouter.ai",
        "ai-gateway.vercel.sh",
        _CLOUDFLARE,
        "router.requesty.ai",
    }
)
"""Hosts that pass calls on at the provider's price, and are told which provider."""

_NAMED: Mapping[str, str] = MappingProxyType(
    {
        "bedrock": "aws",
        "google-ai-studio": "google",
        "google-vertex-ai": "google",
        "grok": "x-ai",
        "mistralai": "mistral",
        "perplexity-ai": "perplexity",
        "vertex": "google",
        "workers-ai": "cloudflare",
        "xai": "x-ai",
        "z-ai": "zai",
    }
)
"""Names that gateways have for providers, where the price list has another one."""


def sellers(base_url: str, model: str) -> Iterator[Seller]:
    """Yield who may sell ``model`` at an address, the most certain one first.

    A gateway's own prices come first, then those of the provider that the model's id names
    (``openai/gpt-4o-mini``), or the path does. Nothing is yielded for other hosts, such as
    local ones: what they cost is not known.
    """
    try:
        parts = urlsplit(base_url)
    except ValueError:  # as a later version, or nobody, may have stored it
        return
    host = (parts.hostname or "").lower().rstrip(".")
    provider = _provider_at(host, parts.path)
    if provider is not None:
        yield Seller(provider, model)
    if provider == "google":
        yield Seller(provider, model.removeprefix("models/").removeprefix("google/"))
    if host in _GATEWAYS:
        yield from _named_to_gateway(parts.path if host == _CLOUDFLARE else "", model)


def _named_to_gateway(path: str, model: str) -> Iterator[Seller]:
    for name in path.split("/")[4:5]:  # Cloudflare's /v1/account/gateway/provider/...
        yield Seller(_NAMED.get(name, name), model)
    name, slash, plain = model.partition("/")
    if slash and plain:
        yield Seller(_NAMED.get(name.lower(), name.lower()), plain)


def _is_public_name(host: str) -> bool:
    """Return whether a host may be a provider's: no IP address, no ``localhost`` or ``gpu-box``."""
    last = host.rpartition(".")[2]
    return last != host and last.isalpha()


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    from genai_prices.data_snapshot import get_snapshot  # takes 0.2 s

    return tuple((re.compile(each.api_pattern), each.id) for each in get_snapshot().providers)


def _provider_at(host: str, path: str) -> str | None:
    """Return the provider of the price list at a host; ``None`` if there is none."""
    if host in _HOSTS:
        return _HOSTS[host]
    if not _is_public_name(host):
        return None
    for pattern, provider in _patterns():
        # The whole host, or ``api.openai.com.example.net`` would have OpenAI's prices.
        if pattern.fullmatch(f"https://{host}"):
            return provider
    if host.endswith(_BY_PATH):
        for pattern, provider in _patterns():
            if pattern.match(f"https://{host}{path}/"):
                return provider
    return None
