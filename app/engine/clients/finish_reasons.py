"""Why a model stopped: the words of all providers, and which of them say that nothing was made.

Sources: the API references of OpenAI, Anthropic, Gemini (``FinishReason``), Mistral, Cohere,
DeepSeek, Zhipu, Bedrock and OpenRouter, and the sources of vLLM, SGLang, llama.cpp, Ollama and
LiteLLM.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from app.engine.types import FinishReason

Failure = Literal["passing", "malformed"]
"""``passing``: the server broke off, and may not do so again. ``malformed``: the model wrote what
the server could not read; another try may differ."""

_WORDS: Mapping[FinishReason, frozenset[str]] = {
    "stop": frozenset(
        ("stop", "eos", "eos_token", "end_turn", "end", "end_of_text", "stop_sequence")
        + ("stop_token", "complete", "completed", "done", "finish", "finished")
        + ("stop_str", "stop_string", "stop_word", "natural_stop")
    ),
    "length": frozenset(
        ("length", "max_tokens", "max_output_tokens", "max_completion_tokens", "max_length")
        + ("model_length", "token_limit", "model_context_window_exceeded", "context_length")
        + ("context_length_exceeded", "error_limit")
    ),
    "content_filter": frozenset(
        ("content_filter", "content_filtered", "content_filter_error", "safety", "sensitive")
        + ("recitation", "prohibited_content", "spii", "blocklist", "language", "blocked")
        + ("moderation", "guardrail_intervened", "error_toxic", "image_safety", "model_armor")
        + ("image_prohibited_content", "image_recitation", "content_policy_violation")
    ),
    "refusal": frozenset(("refusal", "refused")),
}
_FAILED: Mapping[Failure, frozenset[str]] = {
    "passing": frozenset(
        ("error", "abort", "aborted", "cancel", "cancelled", "canceled", "failed", "failure")
        + ("insufficient_system_resource", "network_error", "timeout", "server_error", "overloaded")
        + ("internal_error", "interrupted", "user_cancel", "other", "engine_error")
    ),
    "malformed": frozenset(
        ("unexpected_tool_call", "too_many_tool_calls", "missing_thought_signature", "no_image")
        + ("invalid_tool_call", "image_other")
    ),
}
_STEMS: tuple[tuple[re.Pattern[str], FinishReason, Failure | None], ...] = (
    (re.compile(r"malformed|invalid_response|pars(?:e|ing)_err"), "unknown", "malformed"),
    (
        re.compile(
            r"filter|safety|moderat|policy|censor|blocked|prohibited|recitation|copyright"
            r"|guardrail|toxic|jailbreak|flagged|sensitive|harm|violence|hate\b|nsfw|inspection"
            r"|risk_control|inappropriate"
        ),
        "content_filter",
        None,
    ),
    (re.compile(r"refus"), "refusal", None),
    (
        re.compile(
            r"max\w{0,20}_(?:tokens|length|len\b)|(?:token|length|output)_limit|context|incomplete"
            r"|truncat"
        ),
        "length",
        None,
    ),
    (
        re.compile(
            r"error|exception|fail|abort|cancel|timed?_?out|killed|shut_?down|\bdead\b|_(?:dead|lost)\b|deadline|overload|unavailable|interrupt"
            r"|disconnect|crash|out_of_memory|\boom\b|preempt|rate_limit"
        ),
        "unknown",
        "passing",
    ),
)
"""What parts of words mean that are not listed; the first that fits decides."""

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Ending:
    """How a generation ended.

    Attributes:
        reason: In our words.
        failure: Set where the provider says that the generation failed.
        said: In the provider's words, in one line; empty where it said nothing.
    """

    reason: FinishReason
    failure: Failure | None = None
    said: str = ""


def read_ending(said: object) -> Ending:
    """Return what a provider's finish or stop reason means."""
    return _read(said[:80]) if isinstance(said, str) else _SILENT


_SILENT = Ending("unknown")


@lru_cache(maxsize=256)
def _read(said: str) -> Ending:
    shown = " ".join(said.split())
    # Gemini writes "content_filter: RECITATION" and "function_call_filter: MALFORMED_...", gateways
    # in Python "FinishReason.SAFETY".
    words = [_plain(part.rpartition(".")[2]) for part in said.split(":")]
    listed = (meaning for word in words if (meaning := _listed(word)) is not None)
    found = next(listed, None) or _by_stem(" ".join(words))
    return Ending(*found, said=shown) if found else Ending("unknown", None, shown)


def _plain(word: str) -> str:
    word = _CAMEL.sub("_", word.strip()).lower().replace("-", "_").replace(" ", "_")
    return word.removeprefix("finish_reason_")


def _listed(word: str) -> tuple[FinishReason, Failure | None] | None:
    for failure, words in _FAILED.items():
        if word in words:
            return "unknown", failure
    return next(((reason, None) for reason, words in _WORDS.items() if word in words), None)


def _by_stem(words: str) -> tuple[FinishReason, Failure | None] | None:
    return next(((reason, failure) for stem, reason, failure in _STEMS if stem.search(words)), None)
