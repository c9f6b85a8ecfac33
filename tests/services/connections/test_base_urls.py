"""Base URLs as users paste them."""

from __future__ import annotations

import pytest

from app.engine.clients.providers import PROVIDERS
from app.services.connections.base_urls import clean_base_url, has_version, leads_to


@pytest.mark.parametrize(
    ("pasted", "base_url"),
    [
        ("https://api.openai.com", "https://api.openai.com/v1"),
        (" https://api.openai.com/v1/chat/completions/ ", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/responses", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/models", "https://api.openai.com/v1"),
        ("https://api.anthropic.com/v1/messages", "https://api.anthropic.com/v1"),
        ("https://api.anthropic.com", "https://api.anthropic.com/v1"),
        ("https://openrouter.ai", "https://openrouter.ai/api/v1"),
        ("https://api.groq.com", "https://api.groq.com/openai/v1"),
        (
            "https://generativelanguage.googleapis.com/v1beta",
            "https://generativelanguage.googleapis.com/v1beta/openai",
        ),
        ("https://api.perplexity.ai/chat/completions", "https://api.perplexity.ai"),
        ("http://127.0.0.1:8001/v1/chat/completions", "http://127.0.0.1:8001/v1"),
        ("http://127.0.0.1:8001/api/v1/completions", "http://127.0.0.1:8001/api/v1"),
        ("http://localhost:11434", "http://localhost:11434/v1"),
        ("http://localhost:11434/api/chat", "http://localhost:11434/v1"),
        ("http://localhost:11434/api/generate", "http://localhost:11434/v1"),
        ("http://localhost:1234", "http://localhost:1234/v1"),
        ("localhost:8001/v1", "http://localhost:8001/v1"),
        ("10.0.0.5:8001/v1", "http://10.0.0.5:8001/v1"),
        ("gpu-box:8001/v1", "http://gpu-box:8001/v1"),
        ("[::1]:8001/v1", "http://[::1]:8001/v1"),
        ("llm.example.org/v1", "https://llm.example.org/v1"),
        ("nonsense", "nonsense"),
        ("ftp://llm.example.org", "ftp://llm.example.org"),
        ("http://127.0.0.1:8001/models-of-mine", "http://127.0.0.1:8001/models-of-mine"),
    ],
)
def test_the_base_url_is_recognised(pasted: str, base_url: str) -> None:
    assert clean_base_url(pasted) == base_url
    assert clean_base_url(base_url) == base_url


def test_known_addresses_stay_as_they_are() -> None:
    for provider in PROVIDERS.values():
        assert clean_base_url(provider.base_url) == provider.base_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8001/v1", True),
        ("http://127.0.0.1:8001/api/v3beta/x", True),
        ("https://api.perplexity.ai", True),
        ("http://127.0.0.1:8001", False),
        ("http://127.0.0.1:8001/api", False),
    ],
)
def test_a_version_in_the_path_is_meant_so(url: str, expected: bool) -> None:
    assert has_version(url) is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://localhost:8000/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://127.0.0.1:8001/v1", False),
        ("http://10.0.0.7:8000/v1", False),
        ("https://127.0.0.1/v1", False),
    ],
)
def test_the_studios_own_address_is_known(url: str, expected: bool) -> None:
    assert leads_to(url, "127.0.0.1", 8000) is expected
