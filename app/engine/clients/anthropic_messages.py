"""Client of Anthropic's messages API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.engine.clients.anthropic_reply import read_message
from app.engine.clients.http_model import HttpModelClient
from app.engine.types import ModelReply, ModelRequest

API_VERSION = "2023-06-01"
DEFAULT_MAX_TOKENS = 4096
"""The API demands a limit; this one is sent where a run leaves it to the provider."""


class AnthropicMessagesClient(HttpModelClient):
    """``POST {base_url}/messages``. One model; safe to use from many threads."""

    path = "/messages"
    models_path = "/models?limit=1000"

    def headers(self, api_key: str | None) -> Mapping[str, str]:
        """Return the headers of every call: the key and the version."""
        headers = {"anthropic-version": API_VERSION}
        if api_key:
            headers |= self.key_header(api_key, "x-api-key")
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
        return read_message(payload, call_id)
