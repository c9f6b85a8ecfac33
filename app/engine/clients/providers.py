"""Kinds of connections with their clients, and well-known providers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from app.engine.clients.anthropic_messages import AnthropicMessagesClient
from app.engine.clients.http_model import LARGEST_ANSWER_BYTES, Auth, Stream
from app.engine.clients.openai_chat import OpenAIChatClient
from app.net.guard import EgressPolicy
from app.net.http import HttpSession

Kind = Literal["openai", "anthropic", "openai_compatible", "simulated"]


@dataclass(frozen=True, slots=True)
class KindOfConnection:
    """What a kind is called, and who makes its calls; ``None``: nobody is called."""

    label: str
    client: type[OpenAIChatClient] | type[AnthropicMessagesClient] | None


KINDS: Mapping[Kind, KindOfConnection] = MappingProxyType(
    {
        "openai": KindOfConnection("OpenAI", OpenAIChatClient),
        "anthropic": KindOfConnection("Anthropic", AnthropicMessagesClient),
        "openai_compatible": KindOfConnection("OpenAI-compatible", OpenAIChatClient),
        "simulated": KindOfConnection("Simulated", None),
    }
)
"""The one table of kinds; forms, API and store know no others."""


def find_kind(name: str) -> Kind | None:
    """Return ``name`` as a kind; ``None`` where there is no such kind."""
    return next((kind for kind in KINDS if kind == name), None)


AUTHS: Mapping[Auth, str] = MappingProxyType(
    {"bearer": "Authorization: Bearer", "x-api-key": "x-api-key"}
)
"""How a key may be sent, with the words for it."""


def find_auth(name: str | None) -> Auth | None:
    """Return ``name`` as a way to send a key; ``None``: the usual one of the kind."""
    return next((auth for auth in AUTHS if auth == name), None)


@dataclass(frozen=True, slots=True)
class KnownProvider:
    """Defaults of a well-known provider.

    Attributes:
        name: The first part of ``provider/model-id``.
        title: For readers.
        kind: What its connections are.
        base_url: Up to and including the version; empty where each account has its own.
        key_env: The environment variable that its own tools read the key from.
        needs_key: Whether it answers only with a key.
    """

    name: str
    title: str
    kind: Kind
    base_url: str
    key_env: str | None
    needs_key: bool = True


def _by_name(*rows: KnownProvider) -> Mapping[str, KnownProvider]:
    return MappingProxyType({row.name: row for row in rows})


PROVIDERS: Mapping[str, KnownProvider] = _by_name(
    KnownProvider("openai", "OpenAI", "openai", "https://api.openai.com/v1", "OPENAI_API_KEY"),
    KnownProvider(
        "anthropic", "Anthropic", "anthropic", "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY"
    ),
    KnownProvider(
        "google",
        "Google Gemini",
        "openai_compatible",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "GEMINI_API_KEY",
    ),
    KnownProvider(
        "groq", "Groq", "openai_compatible", "https://api.groq.com/openai/v1", "GROQ_API_KEY"
    ),
    KnownProvider(
        "mistral", "Mistral", "openai_compatible", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"
    ),
    KnownProvider(
        "together",
        "Together",
        "openai_compatible",
        "https://api.together.xyz/v1",
        "TOGETHER_API_KEY",
    ),
    KnownProvider(
        "fireworks",
        "Fireworks",
        "openai_compatible",
        "https://api.fireworks.ai/inference/v1",
        "FIREWORKS_API_KEY",
    ),
    KnownProvider(
        "openrouter",
        "OpenRouter",
        "openai_compatible",
        "https://openrouter.ai/api/v1",
        "OPENROUTER_API_KEY",
    ),
    KnownProvider(
        "deepseek",
        "DeepSeek",
        "openai_compatible",
        "https://api.deepseek.com/v1",
        "DEEPSEEK_API_KEY",
    ),
    KnownProvider("xai", "xAI", "openai_compatible", "https://api.x.ai/v1", "XAI_API_KEY"),
    KnownProvider(
        "cerebras",
        "Cerebras",
        "openai_compatible",
        "https://api.cerebras.ai/v1",
        "CEREBRAS_API_KEY",
    ),
    KnownProvider(
        "perplexity",
        "Perplexity",
        "openai_compatible",
        "https://api.perplexity.ai",
        "PERPLEXITY_API_KEY",
    ),
    KnownProvider(
        "nvidia",
        "NVIDIA NIM",
        "openai_compatible",
        "https://integrate.api.nvidia.com/v1",
        "NVIDIA_API_KEY",
    ),
    KnownProvider("azure", "Azure OpenAI", "openai_compatible", "", "AZURE_OPENAI_API_KEY"),
    KnownProvider(
        "ollama", "Ollama", "openai_compatible", "http://127.0.0.1:11434/v1", None, False
    ),
    # Its own default port, 8000, is the Studio's.
    KnownProvider("vllm", "vLLM", "openai_compatible", "http://127.0.0.1:8001/v1", None, False),
    KnownProvider(
        "lmstudio", "LM Studio", "openai_compatible", "http://127.0.0.1:1234/v1", None, False
    ),
    KnownProvider(
        "llamacpp", "llama.cpp", "openai_compatible", "http://127.0.0.1:8080/v1", None, False
    ),
)


def make_client(
    kind: Kind,
    base_url: str,
    api_key: str | None,
    model: str,
    *,
    policy: EgressPolicy,
    max_connections: int = 10,
    provider: str | None = None,
    connect_timeout_s: float = 5.0,
    max_bytes: int = LARGEST_ANSWER_BYTES,
    auth: Auth | None = None,
    stream: Stream = "auto",
) -> OpenAIChatClient | AnthropicMessagesClient:
    """Return a client of one model; :meth:`close` it.

    Args:
        kind: Of the connection.
        base_url: Up to and including the version (``https://api.openai.com/v1``).
        api_key: ``None`` for a server that asks for none.
        model: The model's id at the provider; empty if only models are listed.
        policy: What the client may reach.
        max_connections: As many as there are threads.
        provider: Name or title of the provider, for messages.
        connect_timeout_s: For each address of the host.
        max_bytes: The longest answer that is read.
        auth: How the key is sent; ``None``: as the API of the kind wants it.
        stream: Whether answers are streamed.

    Raises:
        ValueError: ``kind`` has no client.
        ModelCallError: ``auth``: the key holds characters that cannot be sent.
    """
    known_kind = KINDS.get(kind)
    client = known_kind.client if known_kind else None
    if client is None:
        raise ValueError(f"there is no client for connections of the kind {kind!r}")
    known = PROVIDERS.get(provider or "")
    title = known.title if known else provider or base_url
    session = HttpSession(
        policy,
        max_connections=max_connections,
        connect_timeout_s=connect_timeout_s,
        max_bytes=max_bytes,
    )
    return client(session, base_url, api_key, model, title, auth, stream)
