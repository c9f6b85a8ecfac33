"""Why a model stopped: the words of all providers, and which of them say that nothing was made.

Sources: the API references of OpenAI, Anthropic, Gemini (``FinishReason``), Mistral, Cohere,
DeepSeek, Zhipu, Bedrock and OpenRouter, and the sources of vLLM, SGLang, llama.cpp, Ollama and
LiteLLM.
"""

from __future__ import annotations

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
_MALFORMED_BEGINS = "malformed_"


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
    # Gemini writes "content_filter: RECITATION" and "function_call_filter: MALFORMED_...".
    for part in said.split(":"):
        ending = _read_word(part, shown)
        if ending is not None:
            return ending
    return Ending("unknown", None, shown)


def _read_word(part: str, shown: str) -> Ending | None:
    # Gateways in Python write "FinishReason.SAFETY".
    word = part.rpartition(".")[2].strip().lower().replace("-", "_").replace(" ", "_")
    word = word.removeprefix("finish_reason_")
    for failure, words in _FAILED.items():
        if word in words:
            return Ending("unknown", failure, shown)
    if word.startswith(_MALFORMED_BEGINS):
        return Ending("unknown", "malformed", shown)
    for reason, words in _WORDS.items():
        if word in words:
            return Ending(reason, None, shown)
    return None
