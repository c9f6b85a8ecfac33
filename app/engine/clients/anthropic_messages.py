"""Client of Anthropic's messages API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.engine.clients.http_model import HttpModelClient
from app.engine.clients.reply_values import as_object, token_count
from app.engine.types import FinishReason, ModelReply, ModelRequest

API_VERSION = "2023-06-01"
DEFAULT_MAX_TOKENS = 4096
"""The API demands a limit; this one is sent where a run leaves it to the provider."""

_FINISH: Mapping[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
}


class AnthropicMessagesClient(HttpModelClient):
    """``POST {base_url}/messages``. One model; safe to use from many threads."""

    path = "/messages"
    models_path = "/models?limit=1000"

    def headers(self, api_key: str | None) -> Mapping[str, str]:
        """Return the headers of every call: the key and the version."""
        headers = {"anthropic-version": API_VERSION}
        if api_key:
            headers["x-api-key"] = api_key
        return headers

    def payload(self, request: ModelRequest) -> dict[str, Any]:
        """Return the body of a request. The API knows no seed."""
        generation = request.generation
        messages = request.sample.messages
        system = [message["content"] for message in messages if message["role"] == "system"]
        body: dict[str, Any] = {
            "model": self._model,
            "max_tokens": generation.max_tokens or DEFAULT_MAX_TOKENS,
            "messages": [message for message in messages if message["role"] != "system"],
        }
        if system:
            body["system"] = "\n\n".join(system)
        if generation.temperature is not None:
            body["temperature"] = min(generation.temperature, 1.0)
        elif generation.top_p is not None:  # newer models refuse both at once
            body["top_p"] = generation.top_p
        # Stop sequences of white space alone are refused.
        stop = [text for text in generation.stop if text.strip()]
        if stop:
            body["stop_sequences"] = stop
        return body

    def reply(self, payload: dict[str, Any], call_id: str | None) -> ModelReply | None:
        """Return the text blocks, joined; ``None`` for an answer without blocks or reason."""
        finish = _FINISH.get(str(payload.get("stop_reason")), "unknown")
        blocks = payload.get("content")
        if not isinstance(blocks, list) or (not blocks and finish == "unknown"):
            return None
        usage = as_object(payload.get("usage"))
        counted = [
            token_count(usage.get(name))
            for name in (
                "input_tokens",
                "cache_creation_input_tokens",
                "cache_read_input_tokens",
            )
        ]
        known = [count for count in counted if count is not None]
        return ModelReply(
            text="".join(block["text"] for block in blocks if block.get("type") == "text"),
            finish_reason=finish,
            input_tokens=sum(known) if known else None,
            output_tokens=usage.get("output_tokens"),
            request_id=call_id or payload.get("id"),
        )
