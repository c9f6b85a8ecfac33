"""Client of OpenAI's chat completions API and of compatible servers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from app.engine.clients.http_model import Auth, HttpModelClient, Stream
from app.engine.clients.openai_reply import completion_usage, read_completion
from app.engine.clients.openai_stream import CompletionParts
from app.engine.types import Generation, ModelReply, ModelRequest, TokenUsage
from app.net.http import HttpSession

_REASONING = re.compile(r"(?:o\d|gpt-[5-9])")
_OPTIONAL = (
    "temperature",
    "top_p",
    "top_k",
    "presence_penalty",
    "frequency_penalty",
    "seed",
    "stop",
)


class OpenAIChatClient(HttpModelClient):
    """``POST {base_url}/chat/completions``. One model; safe to use from many threads."""

    path = "/chat/completions"
    stream_fields = MappingProxyType({"stream": True, "stream_options": {"include_usage": True}})

    def __init__(
        self,
        session: HttpSession,
        base_url: str,
        api_key: str | None,
        model: str,
        provider: str,
        auth: Auth | None = None,
        stream: Stream = "auto",
    ) -> None:
        super().__init__(session, base_url, api_key, model, provider, auth, stream)
        self._host = urlsplit(base_url).hostname or ""
        # OpenAI's reasoning models refuse the older name, everybody else knows only that one.
        reasons = self._host == "api.openai.com" and _REASONING.match(model)
        self._max_tokens = "max_completion_tokens" if reasons else "max_tokens"

    def headers(self, api_key: str | None) -> Mapping[str, str]:
        """Return the headers of every call: the key, twice for Azure."""
        if not api_key:
            return {}
        headers = dict(self.key_header(api_key, "bearer"))
        if (urlsplit(self._base_url).hostname or "").endswith(".azure.com"):
            headers["api-key"] = api_key
        return headers

    def payload(self, request: ModelRequest) -> dict[str, Any]:
        """Return the body of a request; parameters that are ``None`` are left out."""
        generation = request.generation
        body: dict[str, Any] = {"model": self._model, "messages": request.sample.messages}
        if generation.max_tokens is not None:
            body[self._max_tokens] = generation.max_tokens
        for name in _OPTIONAL:
            value = getattr(generation, name)
            if value is not None and value != ():
                body[name] = value
        if generation.reasoning_effort is not None or generation.thinking_tokens is not None:
            body.update(self._thinking(generation))
        body.update(generation.extra_body)
        return body

    def _thinking(self, generation: Generation) -> dict[str, Any]:
        """Return how this server is told how much to think; only the effort has one name."""
        effort, tokens = generation.reasoning_effort, generation.thinking_tokens
        if self._host.endswith("openrouter.ai"):
            reasoning = {"effort": effort, "max_tokens": tokens}
            return {
                "reasoning": {name: each for name, each in reasoning.items() if each is not None}
            }
        body: dict[str, Any] = {} if effort is None else {"reasoning_effort": effort}
        if tokens is None:
            return body
        if self._host.endswith("googleapis.com"):
            return body | {
                "extra_body": {"google": {"thinking_config": {"thinking_budget": tokens}}}
            }
        name = "thinking_budget" if "dashscope" in self._host else "thinking_token_budget"
        return body | {name: tokens}

    def parts(self) -> CompletionParts:
        """Return what puts the chunks of a streamed completion together."""
        return CompletionParts()

    def reply(self, payload: dict[str, Any], call_id: str | None) -> ModelReply | None:
        """Return the first choice; ``None`` without one."""
        return read_completion(payload, call_id)

    def usage(self, payload: Mapping[str, Any]) -> TokenUsage:
        """Return the tokens that a body reports."""
        return completion_usage(payload)
