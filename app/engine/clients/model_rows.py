"""What servers say of a model in their list of models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.engine.clients.reply_values import as_object, token_count

_CONTEXT_FIELDS = (
    "max_model_len",  # vLLM, SGLang
    "loaded_context_length",  # LM Studio: what it was started with
    "context_length",  # OpenRouter, Together, Fireworks
    "context_window",  # Groq
    "max_context_length",  # Mistral, LM Studio
    "max_input_tokens",  # LiteLLM
)


def context_tokens(row: Mapping[str, Any]) -> int | None:
    """Return the room for prompt and answer of a model in a list; ``None`` if it is not said."""
    found = [row.get(name) for name in _CONTEXT_FIELDS]
    found.append(as_object(row.get("meta")).get("n_ctx"))  # llama.cpp
    return next((tokens for value in found if (tokens := token_count(value))), None)
