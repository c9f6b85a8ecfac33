"""Client of Anthropic's messages API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from threading import Event
from typing import Any

from app.engine.clients.anthropic_reply import read_message
from app.engine.clients.anthropic_stream import MessageParts
from app.engine.clients.context_size import read_context_size
from app.engine.clients.http_model import HttpModelClient
from app.engine.clients.request_changes import Change, Notice
from app.engine.clients.token_usage import anthropic_usage
from app.engine.engine_errors import ModelCallError
from app.engine.types import Generation, ModelReply, ModelRequest, TokenUsage

API_VERSION = "2023-06-01"
DEFAULT_MAX_TOKENS = 4096
"""The API demands a limit; this one is sent where a run leaves it to the provider."""

_UNKNOWN = ("seed", "presence_penalty", "frequency_penalty")
_BLANK_STOPS = Notice(
    "parameter_dropped",
    "Anthropic's API takes no stop sequence of white space alone: these are not sent.",
)
_WARMEST = Notice(
    "parameter_changed",
    "Anthropic's API takes a temperature up to 1: sent as 1.",
    Change("limit", "temperature", 1.0),
)
_VERSION = re.compile(r"/v\d\w{0,20}$")
_LEAST_TOKENS = 64
_TOO_LONG = ("context_length", "max_tokens_too_large")


class AnthropicMessagesClient(HttpModelClient):
    """``POST {base_url}/v1/messages``. One model; safe to use from many threads."""

    path = "/messages"
    models_path = "/models?limit=1000"

    def api_root(self, base_url: str) -> str:
        """Return the base URL with a version, which Anthropic's own libraries add, too.

        So servers that resemble its API name addresses without one, such as ``.../anthropic``.
        """
        return base_url if _VERSION.search(base_url) else f"{base_url}/v1"

    def headers(self, api_key: str | None) -> Mapping[str, str]:
        """Return the headers of every call: the key and the version."""
        headers = {"anthropic-version": API_VERSION}
        if api_key:
            headers |= self.key_header(api_key, "x-api-key")
        return headers

    def complete(self, request: ModelRequest, cancel: Event) -> ModelReply:
        """Ask the model; a default limit that does not fit into its context is lowered.

        Raises:
            ModelCallError: The call failed; ``retryable`` says whether to try again.
            Canceled: ``cancel`` was set before the call, or the client was closed.
        """
        try:
            return super().complete(request, cancel)
        except ModelCallError as error:
            asked = request.generation
            fitting = None if asked.max_tokens else _fitting_limit(error)
            if fitting is None:
                raise
            request = replace(request, generation=replace(asked, max_tokens=fitting))
            self._note_lowered()
            return super().complete(request, cancel)

    def payload(self, request: ModelRequest) -> dict[str, Any]:
        """Return the body of a request; what the API does not know is told and left out."""
        generation = request.generation
        messages = request.sample.messages
        system = [message["content"] for message in messages if message["role"] == "system"]
        body: dict[str, Any] = {
            "model": self._model,
            "max_tokens": generation.max_tokens
            or DEFAULT_MAX_TOKENS + (generation.thinking_tokens or 0),
            "messages": [message for message in messages if message["role"] != "system"],
        }
        if system:
            body["system"] = "\n\n".join(system)
        body |= self._sampling(generation)
        body.update(generation.extra_body)
        return body

    def _sampling(self, generation: Generation) -> dict[str, Any]:
        """Return the parameters in the API's names."""
        temperature, effort = generation.temperature, generation.reasoning_effort
        self._note_differences(generation)
        values = {
            "temperature": None if temperature is None else min(temperature, 1.0),
            "top_p": generation.top_p,
            "top_k": generation.top_k,
            "output_config": None if effort is None else {"effort": effort},
            "thinking": _thinking(generation.thinking_tokens),
            "stop_sequences": [text for text in generation.stop if text.strip()] or None,
        }
        return {name: value for name, value in values.items() if value is not None}

    def _note_differences(self, generation: Generation) -> None:
        if generation.temperature is not None and generation.temperature > 1.0:
            self.note_once(_WARMEST)
        if not all(text.strip() for text in generation.stop):
            self.note_once(_BLANK_STOPS)
        for name in _UNKNOWN:
            if getattr(generation, name) is not None:
                self.note_once(_not_sent(name))

    def parts(self) -> MessageParts:
        """Return what puts the events of a streamed message together."""
        return MessageParts()

    def reply(self, payload: dict[str, Any], call_id: str | None) -> ModelReply | None:
        """Return the text blocks, joined; ``None`` for an answer without blocks or reason."""
        return read_message(payload, call_id)

    def usage(self, payload: Mapping[str, Any]) -> TokenUsage:
        """Return the tokens that a body reports."""
        return anthropic_usage(payload.get("usage"))

    def _note_lowered(self) -> None:
        message = (
            f"The model {self._model} has no room for answers of {DEFAULT_MAX_TOKENS:,} tokens, "
            "which is the default of this API: max_tokens was lowered where the prompt is long."
        )
        self.note_once(Notice("parameter_changed", message))


@cache
def _not_sent(name: str) -> Notice:
    message = f"Anthropic's API has no {name}: it is not sent."
    return Notice("parameter_dropped", message, Change("drop", name))


def _thinking(tokens: int | None) -> dict[str, Any] | None:
    if tokens is None:
        return None
    return {"type": "enabled", "budget_tokens": tokens} if tokens else {"type": "disabled"}


def _fitting_limit(error: ModelCallError) -> int | None:
    """Return the longest answer that a model has room for; ``None``: none, or it is not known."""
    size = read_context_size(error.message) if error.code in _TOO_LONG else None
    if size is None or size.allowed is None:
        return None
    if size.needed is not None:
        fitting = DEFAULT_MAX_TOKENS - (size.needed - size.allowed)
    elif size.allowed <= DEFAULT_MAX_TOKENS:
        fitting = size.allowed // 2
    else:
        return None
    return fitting if _LEAST_TOKENS <= fitting < DEFAULT_MAX_TOKENS else None
