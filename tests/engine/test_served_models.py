"""Whether the model that answered is the one that was asked for."""

from __future__ import annotations

import pytest

from app.engine.served_models import is_same_model


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        ("gpt-4o", "gpt-4o"),
        ("gpt-4o", "gpt-4o-2024-08-06"),
        ("gpt-4", "gpt-4-0613"),
        ("gpt-4", "gpt-4-1106-preview"),
        ("openai/gpt-4o", "gpt-4o-2024-08-06"),
        ("GPT-4o", "gpt-4o"),
        ("claude-3-5-sonnet-latest", "claude-3-5-sonnet-20241022"),
        ("claude-sonnet-4-0", "claude-sonnet-4-20250514"),
        ("claude-opus-4-1", "claude-opus-4-1-20250805"),
        ("us.anthropic.claude-3-haiku-20240307-v1:0", "claude-3-haiku-20240307"),
        ("gemini-2.5-flash", "models/gemini-2.5-flash"),
        ("gemini-2.5-flash", "gemini-2.5-flash-preview-09-2025"),
        ("grok-2", "grok-2-1212"),
        ("mistral-large-latest", "mistral-large-2411"),
        ("llama3.1", "llama3.1:latest"),
        ("llama3.1:8b", "llama3.1:8b"),
        ("deepseek/deepseek-r1:free", "deepseek/deepseek-r1"),
        ("Qwen/Qwen2.5-7B-Instruct", "qwen2.5-7b-instruct"),
        ("qwen2.5-0.5b-instruct", "/models/qwen2.5-0.5b-instruct-q4_k_m.gguf"),
        ("qwen2.5-0.5b-instruct", "C:\\models\\Qwen2.5-0.5B-Instruct.Q8_0.gguf"),
        ("llama-3.1-8b-instruct", "meta-llama/Llama-3.1-8B-Instruct-AWQ"),
        ("gemma-3-4b-it", "gemma-3-4b-it-bf16"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
    ],
)
def test_a_more_exact_name_is_the_same_model(asked: str, served: str) -> None:
    assert is_same_model(asked, served)


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        ("gpt-4o", "gpt-4o-mini"),
        ("gpt-4", "gpt-4.1"),
        ("gpt-4", "gpt-4o"),
        ("gpt-4o", "/models/qwen2.5-0.5b-instruct-q4_k_m.gguf"),
        ("qwen2.5-7b-instruct", "qwen2.5-0.5b-instruct"),
        ("llama3.1:70b", "llama3.1:8b"),
        ("llama3.1-70b", "llama3.1-8b"),
        ("my-alias", "claude-sonnet-4-20250514"),
        ("openrouter/auto", "openai/gpt-4o"),
        ("gemini-flash-latest", "gemini-2.5-flash"),
        ("o3", "o3-mini"),
        ("o1", "o3"),
        ("claude-sonnet-4-0", "claude-opus-4-20250514"),
    ],
)
def test_another_size_or_name_is_another_model(asked: str, served: str) -> None:
    assert not is_same_model(asked, served)


@pytest.mark.parametrize(
    ("asked", "served", "same"),
    [
        ("gpt-4o", "gpt-4o-2024-08-06", True),
        ("gpt-4o", "gpt-4o-mini", False),
        ("gpt-4o", "gpt-4o-mini-2024-07-18", False),
        ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929", True),
        ("claude-3-5-sonnet-latest", "claude-3-5-sonnet-20241022", True),
        ("meta-llama/Llama-3.1-8B-Instruct", "Llama-3.1-8B-Instruct", True),
        ("qwen3:8b", "qwen3:8b", True),
        ("qwen3", "qwen3:latest", True),
        ("qwen3:8b", "qwen3:4b", False),
        ("gemini-2.5-flash", "models/gemini-2.5-flash", True),
        ("gemini-2.5-flash", "gemini-2.5-flash-lite", False),
        ("gemini-2.5-flash", "gemini-2.5-flash-preview-05-20", True),
        ("mistral-large-latest", "mistral-large-2411", True),
        ("my-model", "/models/qwen2.5-0.5b-instruct-q4_k_m.gguf", False),
        ("qwen2.5-0.5b-instruct", "/models/qwen2.5-0.5b-instruct-q4_k_m.gguf", True),
        ("llama-3.3-70b-versatile", "llama-3.3-70b-versatile", True),
        ("o3", "o3-mini", False),
        ("o3", "o3-2025-04-16", True),
        ("gpt-4", "gpt-4-0613", True),
        ("gpt-4", "gpt-4-turbo", False),
        ("grok-4", "grok-4-0709", True),
        ("openai/gpt-oss-20b", "gpt-oss-20b-MXFP4", True),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", "claude-sonnet-4-20250514", True),
        ("azure/gpt-4o", "gpt-4o", True),
        ("gpt-5", "gpt-5-chat-latest", False),
        ("GPT-4o", "gpt-4o", True),
    ],
)
def test_names_as_providers_give_them(asked: str, served: str, same: bool) -> None:
    assert is_same_model(asked, served) is same
