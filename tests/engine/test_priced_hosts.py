from __future__ import annotations

import pytest

from app.engine.pricing import context_tokens_at, price_at

GOOGLE = "https://generativelanguage.googleapis.com/v1beta/openai"
VERTEX = "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/endpoints/openapi"
CLOUDFLARE = "https://gateway.ai.cloudflare.com/v1/account/gateway"


@pytest.mark.parametrize(
    ("url", "model", "provider"),
    [
        ("https://api.openai.com/v1", "gpt-4o-mini", "openai"),
        ("https://API.OpenAI.com./v1", "gpt-4o-mini", "openai"),
        ("https://api.anthropic.com/v1", "claude-sonnet-4-5", "anthropic"),
        ("https://api.x.ai/v1", "grok-4", "x-ai"),
        ("https://api.deepseek.com", "deepseek-chat", "deepseek"),
        ("https://api.mistral.ai/v1", "mistral-large-latest", "mistral"),
        ("https://api.together.ai/v1", "meta-llama/Llama-3.3-70B-Instruct-Turbo", "together"),
        ("https://api.moonshot.ai/v1", "kimi-k2-0905-preview", "moonshotai"),
        ("https://mine.openai.azure.com/openai/v1", "gpt-4o", "azure"),
        ("https://bedrock-runtime.us-west-2.amazonaws.com/openai/v1", "openai.gpt-oss-20b-1:0",
         "aws"),
        (GOOGLE, "gemini-2.5-pro", "google"),
        (GOOGLE, "models/gemini-2.5-pro", "google"),
        (VERTEX, "google/gemini-2.5-flash", "google"),
        ("https://router.huggingface.co/groq/v1", "openai/gpt-oss-20b", "huggingface_groq"),
    ],
)  # fmt: skip
def test_a_price_hangs_on_the_host(url, model, provider):
    price = price_at(url, model)
    assert price is not None
    assert price.source.endswith(f"({provider})")


@pytest.mark.parametrize(
    ("url", "model", "provider"),
    [
        ("https://openrouter.ai/api/v1", "openai/gpt-4o-mini", "openrouter"),
        ("https://ai-gateway.vercel.sh/v1", "anthropic/claude-sonnet-4-5", "anthropic"),
        ("https://ai-gateway.vercel.sh/v1", "xai/grok-4", "x-ai"),
        ("https://router.requesty.ai/v1", "openai/gpt-4o-mini", "openai"),
        (f"{CLOUDFLARE}/openai", "gpt-4o", "openai"),
        (f"{CLOUDFLARE}/grok/v1", "grok-4", "x-ai"),
        (f"{CLOUDFLARE}/compat", "anthropic/claude-sonnet-4-5", "anthropic"),
    ],
)
def test_a_gateway_is_told_whose_prices_hold(url, model, provider):
    price = price_at(url, model)
    assert price is not None
    assert price.source.endswith(f"({provider})")


@pytest.mark.parametrize(
    ("url", "model"),
    [
        ("http://127.0.0.1:8000/v1", "gpt-4o-mini"),
        ("http://localhost:11434/v1", "gpt-4o-mini"),
        ("http://[::1]:8080/v1", "gpt-4o-mini"),
        ("http://10.0.0.7/openai/v1", "openai/gpt-4o-mini"),
        ("https://llm.example.com/v1", "openai/gpt-4o-mini"),
        ("https://api.openai.com.example.net/v1", "gpt-4o-mini"),
        ("https://example.net/api.openai.com/v1", "gpt-4o-mini"),
        ("https://127.0.0.1/x.googleapis.com", "gemini-2.5-pro"),
        ("https://api.openai.com@127.0.0.1/v1", "gpt-4o-mini"),
        ("https://api.openai.com/v1", "no-such-model"),
        ("https://openrouter.ai/api/v1", "nobody/no-such-model"),
        ("https://[bad", "gpt-4o-mini"),
        ("", "gpt-4o-mini"),
    ],
)
def test_elsewhere_a_price_is_unknown_and_not_zero(url, model):
    assert price_at(url, model) is None


def test_a_free_model_of_openrouter_costs_nothing():
    price = price_at("https://openrouter.ai/api/v1", "deepseek/deepseek-chat:free")
    assert price is not None
    assert price.is_zero


def test_the_context_length_hangs_on_the_host_too():
    assert context_tokens_at("https://api.openai.com/v1", "gpt-4o-mini") == 128_000
    assert context_tokens_at("http://127.0.0.1:8000/v1", "gpt-4o-mini") is None
