"""Each provider's way to count tokens; ours count the whole, and unknown is not nothing."""

from __future__ import annotations

import pytest

from app.engine.clients.token_usage import anthropic_usage, openai_usage
from app.engine.types import TokenUsage


def chat(prompt, completion, total=None, **more):
    usage = {"prompt_tokens": prompt, "completion_tokens": completion, **more}
    return usage if total is None else {**usage, "total_tokens": total}


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        pytest.param(chat(12, 2, 14), TokenUsage(12, 2), id="plain"),
        pytest.param(
            chat(2006, 300, 2306, prompt_tokens_details={"cached_tokens": 1920, "audio_tokens": 0},
                 completion_tokens_details={"reasoning_tokens": 256}),
            TokenUsage(2006, 300, 1920, None, 256), id="openai"),
        pytest.param(
            chat(32, 9, 135, prompt_tokens_details={"text_tokens": 32, "cached_tokens": 6},
                 completion_tokens_details={"reasoning_tokens": 94}),
            TokenUsage(32, 103, 6, None, 94), id="xai: reasoning beside the completion"),
        pytest.param(
            chat(32, 9, completion_tokens_details={"reasoning_tokens": 94}),
            TokenUsage(32, 103, None, None, 94), id="more reasoning than completion, no total"),
        pytest.param(chat(10, 5, 480), TokenUsage(10, 470, None, None, 465),
                     id="gemini: the total alone tells of thinking"),
        pytest.param({"prompt_tokens": 10, "total_tokens": 74}, TokenUsage(10, 64),
                     id="gemini: nothing but thinking"),
        pytest.param(chat(10, 0, 74), TokenUsage(10, 64, None, None, 64),
                     id="gemini: no token left for the answer"),
        pytest.param(
            chat(100, 20, 120, prompt_cache_hit_tokens=64, prompt_cache_miss_tokens=36,
                 completion_tokens_details={"reasoning_tokens": 12}),
            TokenUsage(100, 20, 64, None, 12), id="deepseek"),
        pytest.param(chat(100, 20, 120, cached_tokens=90), TokenUsage(100, 20, 90), id="moonshot"),
        pytest.param(
            chat(100, 20, 120, cache_read_input_tokens=50, cache_creation_input_tokens=30,
                 prompt_tokens_details={"cached_tokens": 50, "cache_creation_tokens": 30}),
            TokenUsage(100, 20, 50, 30), id="litellm before anthropic"),
        pytest.param(
            chat(100, 20, 120, prompt_tokens_details={"cached_tokens": 50,
                                                      "cache_write_tokens": 40}),
            TokenUsage(100, 20, 50, 40), id="openrouter"),
        pytest.param(
            chat(20, 5, 105, cache_read_input_tokens=50, cache_creation_input_tokens=30),
            TokenUsage(100, 5, 50, 30), id="caches beside the prompt"),
        pytest.param(
            chat(33, 7163, 7196, citation_tokens=20016, reasoning_tokens=73997),
            TokenUsage(33, 81160, None, None, 73997), id="perplexity"),
        pytest.param(
            {"input_tokens": 9, "output_tokens": 4, "total_tokens": 13,
             "input_tokens_details": {"cached_tokens": 8},
             "output_tokens_details": {"reasoning_tokens": 2}},
            TokenUsage(9, 4, 8, None, 2), id="names of the responses api"),
        pytest.param(
            {"promptTokenCount": 40, "cachedContentTokenCount": 30, "candidatesTokenCount": 5,
             "thoughtsTokenCount": 20, "totalTokenCount": 65},
            TokenUsage(40, 25, 30, None, 20), id="gemini: usageMetadata, passed on"),
        pytest.param(
            {"promptTokenCount": 40, "thoughtsTokenCount": 20, "totalTokenCount": 60},
            TokenUsage(40, 20, None, None, 20), id="gemini: usageMetadata of thoughts alone"),
        pytest.param(
            {"inputTokens": 10, "outputTokens": 5, "totalTokens": 45, "cacheReadInputTokens": 20,
             "cacheWriteInputTokens": 10},
            TokenUsage(40, 5, 20, 10), id="bedrock: caches beside the input"),
        pytest.param(chat(12, 2, 14, prompt_tokens_details=None, completion_tokens_details=None),
                     TokenUsage(12, 2), id="vllm"),
        pytest.param(chat(12, 2, 14, prompt_tokens_details={"cached_tokens": 0}),
                     TokenUsage(12, 2, 0), id="none cached is known"),
        pytest.param(chat(12, 2, 14, prompt_tokens_details={"cached_tokens": -1}),
                     TokenUsage(12, 2), id="no credible part"),
        pytest.param(chat(12, 2, 3), TokenUsage(12, 2), id="a total that is too small"),
        pytest.param(chat(0, 0, 0), TokenUsage(0, 0), id="zeros"),
        pytest.param({}, TokenUsage(), id="empty"),
        pytest.param(None, TokenUsage(), id="null"),
        pytest.param("many", TokenUsage(), id="text"),
    ],
)  # fmt: skip
def test_chat_completions(reported, expected):
    assert openai_usage(reported) == expected


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        pytest.param({"input_tokens": 12, "output_tokens": 2}, TokenUsage(12, 2), id="plain"),
        pytest.param(
            {"input_tokens": 50, "cache_read_input_tokens": 1800,
             "cache_creation_input_tokens": 248, "output_tokens": 9},
            TokenUsage(2098, 9, 1800, 248), id="caches are beside the input"),
        pytest.param(
            {"input_tokens": 50, "output_tokens": 9, "cache_read_input_tokens": 0,
             "cache_creation": {"ephemeral_5m_input_tokens": 100,
                                "ephemeral_1h_input_tokens": 40}},
            TokenUsage(190, 9, 0, 140), id="writes by how long they are kept"),
        pytest.param(
            {"input_tokens": 50, "cache_read_input_tokens": None,
             "cache_creation_input_tokens": None, "output_tokens": 9},
            TokenUsage(50, 9), id="null"),
        pytest.param(
            {"input_tokens": 50, "output_tokens": 900,
             "output_tokens_details": {"thinking_tokens": 700}},
            TokenUsage(50, 900, None, None, 700), id="thinking is within the output"),
        pytest.param({}, TokenUsage(), id="empty"),
        pytest.param(None, TokenUsage(), id="missing"),
    ],
)  # fmt: skip
def test_messages(reported, expected):
    assert anthropic_usage(reported) == expected


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 20,
                "total_tokens": 120,
                "prompt_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 10},
            },
            TokenUsage(100, 20, 64, 10, None),
        ),
        (
            {"prompt_tokens": "100", "completion_tokens": "20"},
            TokenUsage(None, None, None, None, None),
        ),
        (
            {"prompt_tokens": 100.0, "completion_tokens": 20.0},
            TokenUsage(100, 20, None, None, None),
        ),
        ({"prompt_tokens": -1, "completion_tokens": 20}, TokenUsage(None, 20, None, None, None)),
        (
            {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
            TokenUsage(0, 0, None, None, None),
        ),
        (
            {
                "inputTokens": 10,
                "outputTokens": 5,
                "totalTokens": 115,
                "cacheReadInputTokens": 60,
                "cacheWriteInputTokens": 40,
            },
            TokenUsage(110, 5, 60, 40, None),
        ),
        (
            {
                "promptTokenCount": 10,
                "candidatesTokenCount": 5,
                "thoughtsTokenCount": 20,
                "totalTokenCount": 35,
                "cachedContentTokenCount": 4,
            },
            TokenUsage(10, 25, 4, None, 20),
        ),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 15,
                "completion_tokens_details": None,
                "prompt_tokens_details": None,
            },
            TokenUsage(10, 5, None, None, None),
        ),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "prompt_tokens_details": {"cached_tokens": None},
            },
            TokenUsage(10, 5, None, None, None),
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": None, "total_tokens": 15},
            TokenUsage(10, 5, None, None, None),
        ),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 15,
                "num_cached_tokens": 8,
            },
            TokenUsage(10, 5, 8, None, None),
        ),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 15,
                "reasoning_tokens": 3,
            },
            TokenUsage(10, 5, None, None, 3),
        ),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 15,
                "completion_tokens_details": {"reasoning_tokens": 0},
            },
            TokenUsage(10, 5, None, None, 0),
        ),
        ([], TokenUsage(None, None, None, None, None)),
        ("12", TokenUsage(None, None, None, None, None)),
        (None, TokenUsage(None, None, None, None, None)),
        ({"total_tokens": 15}, TokenUsage(None, None, None, None, None)),
        (
            {
                "input_tokens": 10,
                "output_tokens": 5,
                "cache_read_input_tokens": 3,
                "cache_creation_input_tokens": 2,
                "total_tokens": 20,
            },
            TokenUsage(15, 5, 3, 2, None),
        ),
        ({"prompt_tokens": True, "completion_tokens": 5}, TokenUsage(None, 5, None, None, None)),
        (
            {"prompt_tokens": 1000000000000, "completion_tokens": 5},
            TokenUsage(None, 5, None, None, None),
        ),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 15,
                "completion_tokens_details": {"thinking_tokens": 2},
            },
            TokenUsage(10, 5, None, None, 2),
        ),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 15,
                "input_tokens_details": {"cached_tokens": 6},
            },
            TokenUsage(10, 5, 6, None, None),
        ),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 25,
                "completion_tokens_details": {"reasoning_tokens": 10},
            },
            TokenUsage(10, 15, None, None, 10),
        ),
    ],
    ids=str,
)
def test_odd_counts_of_chat_completions(reported, expected):
    assert openai_usage(reported) == expected


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        ({"input_tokens": 5, "output_tokens": 7}, TokenUsage(5, 7, None, None, None)),
        (
            {
                "input_tokens": 5,
                "output_tokens": 7,
                "cache_read_input_tokens": None,
                "cache_creation_input_tokens": None,
            },
            TokenUsage(5, 7, None, None, None),
        ),
        (
            {
                "input_tokens": 5,
                "output_tokens": 7,
                "cache_read_input_tokens": 100,
                "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 1},
            },
            TokenUsage(126, 7, 100, 21, None),
        ),
        ({"output_tokens": 7}, TokenUsage(None, 7, None, None, None)),
        (
            {"input_tokens": 0, "cache_read_input_tokens": 50, "output_tokens": 0},
            TokenUsage(50, 0, 50, None, None),
        ),
        (
            {
                "input_tokens": 5,
                "output_tokens": 7,
                "server_tool_use": {"web_search_requests": 1},
                "service_tier": "standard",
            },
            TokenUsage(5, 7, None, None, None),
        ),
        ({"prompt_tokens": 5, "completion_tokens": 7}, TokenUsage(5, 7, None, None, None)),
        (
            {
                "input_tokens": 5,
                "output_tokens": 7,
                "output_tokens_details": {"thinking_tokens": 3},
            },
            TokenUsage(5, 7, None, None, 3),
        ),
    ],
    ids=str,
)
def test_odd_counts_of_messages(reported, expected):
    assert anthropic_usage(reported) == expected
