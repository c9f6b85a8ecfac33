"""Reads how many tokens a call used from what each provider reports.

Ours are always the whole: ``input_tokens`` with those from a cache and those written to it,
``output_tokens`` with those of reasoning. Providers differ. What is not said stays ``None``,
since unknown is not nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.engine.clients.reply_values import as_object, token_count
from app.engine.types import TokenUsage

_PROMPT = ("prompt_tokens", "input_tokens", "promptTokenCount", "inputTokens")
_COMPLETION = ("completion_tokens", "output_tokens", "candidatesTokenCount", "outputTokens")
_CACHED = (
    "prompt_cache_hit_tokens",
    "cached_tokens",
    "num_cached_tokens",
    "cache_read_input_tokens",
    "cachedContentTokenCount",
    "cacheReadInputTokens",
)


def openai_usage(reported: object) -> TokenUsage:
    """Return the usage in a chat completion, also by the names of Gemini's and Bedrock's APIs.

    The prompt's tokens include cached ones (OpenAI, DeepSeek, Moonshot, LiteLLM, OpenRouter).
    Reasoning is within ``completion_tokens`` at OpenAI, and beside it at xAI and Google: then
    the total is larger than the sum, or the part larger than the whole.
    """
    usage = as_object(reported)
    if not usage:
        return TokenUsage()
    prompt = _first(usage, *_PROMPT)
    completion = _first(usage, *_COMPLETION)
    read_from = as_object(usage.get("prompt_tokens_details") or usage.get("input_tokens_details"))
    made = as_object(usage.get("completion_tokens_details") or usage.get("output_tokens_details"))
    cached = _first(read_from, "cached_tokens", "cache_read_tokens")
    if cached is None:
        cached = _first(usage, *_CACHED)
    written = _first(read_from, "cache_creation_tokens", "cache_write_tokens")
    if written is None:
        written = _first(usage, "cache_creation_input_tokens", "cacheWriteInputTokens")
    reasoning = _first(made, "reasoning_tokens", "thinking_tokens")
    if reasoning is None:
        reasoning = _first(usage, "reasoning_tokens", "thoughtsTokenCount")
    total = _first(usage, "total_tokens", "totalTokenCount", "totalTokens")
    if prompt is not None and _beside_prompt(prompt, completion, total, cached, written):
        prompt += (cached or 0) + (written or 0)
    if completion is None and prompt is not None and total is not None:
        completion = max(0, total - prompt)  # as Google, when no token was left for an answer
    elif completion is not None:
        beside = _beside_answer(prompt, completion, total, reasoning)
        completion += beside
        reasoning = max(reasoning or 0, beside) if beside else reasoning
    return _whole(prompt, completion, cached, written, reasoning)


def anthropic_usage(reported: object) -> TokenUsage:
    """Return the usage in an answer of the messages API, whose ``input_tokens`` exclude caches."""
    usage = as_object(reported)
    plain = _first(usage, "input_tokens", "prompt_tokens")  # as gateways call it
    cached = token_count(usage.get("cache_read_input_tokens"))
    written = token_count(usage.get("cache_creation_input_tokens"))
    if written is None:
        lives = as_object(usage.get("cache_creation")).values()  # by how long they are kept
        counts = [count for count in map(token_count, lives) if count is not None]
        written = sum(counts) if counts else None
    known = [count for count in (plain, cached, written) if count is not None]
    details = as_object(usage.get("output_tokens_details"))
    return _whole(
        sum(known) if known else None,
        _first(usage, "output_tokens", "completion_tokens"),
        cached,
        written,
        _first(details, "thinking_tokens", "reasoning_tokens"),
    )


def _beside_prompt(
    prompt: int,
    completion: int | None,
    total: int | None,
    cached: int | None,
    written: int | None,
) -> bool:
    """Return whether the tokens of the cache are not within the prompt's."""
    apart = (cached or 0) + (written or 0)
    if not apart or total is None or completion is None:
        return (cached or 0) > prompt
    return total == prompt + completion + apart


def _beside_answer(
    prompt: int | None, completion: int, total: int | None, reasoning: int | None
) -> int:
    """Return how many reasoning tokens are not within the completion's."""
    if reasoning is not None and reasoning > completion:
        return reasoning
    if prompt is None or total is None:
        return 0
    return max(0, total - prompt - completion)


def _whole(
    prompt: int | None,
    completion: int | None,
    cached: int | None,
    written: int | None,
    reasoning: int | None,
) -> TokenUsage:
    """Return the usage, where a part is never larger than its whole."""
    if prompt is not None:
        cached = None if cached is None else min(cached, prompt)
        written = None if written is None else min(written, prompt - (cached or 0))
    if completion is not None and reasoning is not None:
        reasoning = min(reasoning, completion)
    return TokenUsage(prompt, completion, cached, written, reasoning)


def _first(values: Mapping[str, Any], *names: str) -> int | None:
    """Return the first of the named counts that is one."""
    for name in names:
        value = values.get(name)
        if value is not None and (count := token_count(value)) is not None:
            return count
    return None
