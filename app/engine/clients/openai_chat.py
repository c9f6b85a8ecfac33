"""Client of OpenAI's chat completions API and of compatible servers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from app.engine.clients.http_model import Auth, HttpModelClient
from app.engine.clients.openai_reply import read_completion
from app.engine.engine_errors import ModelCallError
from app.engine.types import ModelReply, ModelRequest
from app.net.http import HttpSession

_REASONING = re.compile(r"(?:o\d|gpt-[5-9])")
_OPTIONAL = ("temperature", "top_p", "seed", "stop")


class OpenAIChatClient(HttpModelClient):
    """``POST {base_url}/chat/completions``. One model; safe to use from many threads."""

    path = "/chat/completions"

    def __init__(
        self,
        session: HttpSession,
        base_url: str,
        api_key: str | None,
        model: str,
        provider: str,
        auth: Auth | None = None,
    ) -> None:
        super().__init__(session, base_url, api_key, model, provider, auth)
        host = urlsplit(base_url).hostname or ""
        # OpenAI's reasoning models refuse the older name, everybody else knows only that one.
        reasons = host == "api.openai.com" and _REASONING.match(model)
        self._max_tokens = "max_completion_tokens" if reasons else "max_tokens"
        self._dropped: frozenset[str] = frozenset()
        self._lock = Lock()

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
            if value is not None and value != () and name not in self._dropped:
                body[name] = value
        return body

    def reply(self, payload: dict[str, Any], call_id: str | None) -> ModelReply | None:
        """Return the first choice; ``None`` without one."""
        return read_completion(payload, call_id)

    def adapt(self, error: ModelCallError, sent: Mapping[str, Any]) -> bool:
        """Leave out a parameter that this model refuses, and say so in ``notices``."""
        said = error.message.lower()
        if not any(word in said for word in ("unsupported", "not support", "unrecognized")):
            return False
        if "max_completion_tokens" in said and "max_tokens" in sent:
            self._max_tokens = "max_completion_tokens"
            return True
        refused = {name for name in _OPTIONAL if name in sent and re.search(rf"\b{name}\b", said)}
        with self._lock:
            news = refused - self._dropped
            self._dropped |= news
        if news:
            names = ", ".join(sorted(news))
            self.notices.append(f"{self._model} does not accept {names}: left to the provider.")
        return bool(refused)
