"""The rules by which a provider's failure gets its class, in order; the first match decides.

They follow the providers' error references and what their users report.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from app.engine.clients.answer_limits import context_for_both
from app.engine.clients.classify_parts import ErrorParts, quote
from app.engine.clients.classify_words import (
    CONTEXT,
    CONTEXT_TAGS,
    FILTER,
    FILTER_TAGS,
    KEY,
    KEY_TAGS,
    MEMORY,
    MODEL,
    MODEL_TAGS,
    NAMED_MODEL,
    QUOTA,
    QUOTA_TAGS,
    names,
)
from app.engine.clients.context_size import read_context_size
from app.engine.engine_errors import ModelCallError

_OVERLOADED = {498, 503, 529}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The provider and model of a call, for messages.

    Attributes:
        provider: What the user calls it: the connection's name.
        model: The model's id there.
        base_url: As configured.
        has_key: Whether the connection has a key.
    """

    provider: str
    model: str
    base_url: str
    has_key: bool = True

    @property
    def server(self) -> str:
        """What a sentence that begins with it calls the provider: ``mine`` could be any word."""
        return self.provider if self.provider[:1].isupper() else f"The server {self.provider}"


@dataclass(frozen=True, slots=True)
class ProviderFailure:
    """The facts about a failure that the rules decide on."""

    endpoint: Endpoint
    sample_id: str
    status: int
    parts: ErrorParts
    title: str | None
    retry_after_s: float | None
    request_id: str | None

    def says(self, tags: set[str], pattern: re.Pattern[str]) -> bool:
        """Return whether the provider's codes or text name this failure."""
        return names(self.parts, tags, pattern)

    def error(self, code: str, message: str, action: str | None, **how: object) -> ModelCallError:
        """Return the error with the provider's own words, redacted, and its request id."""
        said = quote(self.parts.message)
        shown = f"{message} The provider says: {said}" if said else message
        if self.request_id:
            shown = f"{shown} (request {self.request_id})"
        return ModelCallError(
            code,
            shown,
            action=action,
            status=self.status,
            said=self.parts.message,
            named=self.parts.named,
            **how,  # type: ignore[arg-type]
        )


_Rule = Callable[[ProviderFailure], ModelCallError | None]


def decide(failure: ProviderFailure) -> ModelCallError:
    """Return the error of the first rule that matches."""
    for rule in _RULES:
        error = rule(failure)
        if error is not None:
            return error
    return _bad_request(failure)


def _answer_limit(failure: ProviderFailure) -> ModelCallError | None:
    if failure.status not in (400, 413, 422):
        return None
    context = context_for_both(failure.parts.message)
    if context is None:
        return None
    room = f" of {context:,} tokens" if context else ""
    return failure.error(
        "max_tokens_too_large",
        f"max_tokens is too large for {failure.endpoint.model}: prompt and answer together must "
        f"fit into its context{room}.",
        "Duplicate the run with a smaller max_tokens, or choose a model with a larger context.",
    )


def _context(failure: ProviderFailure) -> ModelCallError | None:
    if failure.status in (401, 402, 404, 429) or not failure.says(CONTEXT_TAGS, CONTEXT):
        return None
    endpoint = failure.endpoint
    message = f"Sample {failure.sample_id} is too long for {endpoint.model}."
    size = read_context_size(failure.parts.message)
    if size.allowed and size.needed:
        message = (
            f"Sample {failure.sample_id} needs {size.needed:,} tokens; "
            f"{endpoint.model} allows {size.allowed:,}."
        )
    elif size.allowed:
        message = f"{message[:-1]}, which allows {size.allowed:,} tokens."
    return failure.error("context_length", message, "Shorten it or choose another model.")


def _filtered(failure: ProviderFailure) -> ModelCallError | None:
    if failure.status not in (400, 403, 422, 446, 451) or not failure.says(FILTER_TAGS, FILTER):
        return None
    return failure.error(
        "content_filter",
        f"{failure.endpoint.server} filtered sample {failure.sample_id}; counted as refusal.",
        None,
        counts_as_refusal=True,
    )


def _quota(failure: ProviderFailure) -> ModelCallError | None:
    if failure.status not in (400, 402, 403, 429) or not _is_quota(failure):
        return None
    return failure.error(
        "quota",
        f"{failure.endpoint.server} has no credit left, or its spending cap was reached.",
        "Add credit; Resume keeps the finished samples.",
        scope="pause",
    )


def _is_quota(failure: ProviderFailure) -> bool:
    parts = failure.parts
    if parts.quotas:
        return any("PerDay" in name or limit == "0" for name, limit in parts.quotas.items())
    if failure.status == 402:
        # OpenRouter sends 402 with Retry-After for a limit that passes.
        return failure.retry_after_s is None
    if "limit: 0" in parts.message:
        return True
    return failure.says(QUOTA_TAGS, QUOTA)


def _auth(failure: ProviderFailure) -> ModelCallError | None:
    known = failure.status in (400, 403) and failure.says(KEY_TAGS, KEY)
    if failure.status != 401 and not known:
        return None
    if not failure.endpoint.has_key:
        said, action = "asks for an API key", "Enter it in Settings → Connections."
    else:
        said, action = "rejected the API key", "Replace it in Settings → Connections."
    return failure.error("auth", f"{failure.endpoint.server} {said}.", action, scope="fail")


def _wrong_path(failure: ProviderFailure) -> ModelCallError | None:
    """Return the error for a 404 that says nothing of a model: there is no API at this path."""
    if failure.status != 404 or _names_model(failure):
        return None
    return failure.error(
        "wrong_path",
        f"There is no API at {failure.endpoint.base_url} (status 404).",
        "Check the address: most end in /v1. Test the connection in Settings → Connections; the "
        "test finds the right path.",
        scope="fail",
    )


def _names_model(failure: ProviderFailure) -> bool:
    said, model = failure.parts.message, failure.endpoint.model
    if failure.says(MODEL_TAGS, MODEL) or (model and model in said):
        return True
    return NAMED_MODEL.search(said) is not None


def _unknown_model(failure: ProviderFailure) -> ModelCallError | None:
    known = failure.status in (400, 403, 422) and failure.says(MODEL_TAGS, MODEL)
    if failure.status != 404 and not known:
        return None
    endpoint = failure.endpoint
    pull = f", or `ollama pull {endpoint.model}`" if _is_ollama(failure) else ""
    return failure.error(
        "unknown_model",
        f"The model {endpoint.model} was not found at {endpoint.base_url}.",
        f"Pick a model from the list{pull}.",
        scope="fail",
    )


def _is_ollama(failure: ProviderFailure) -> bool:
    endpoint = failure.endpoint
    return (
        "ollama" in endpoint.provider.lower()
        or ":11434" in endpoint.base_url
        or "try pulling" in failure.parts.message
    )


def _permission(failure: ProviderFailure) -> ModelCallError | None:
    refused = failure.status == 400 and "failed_precondition" in failure.parts.tags
    if failure.status != 403 and not refused:
        return None
    return failure.error(
        "permission",
        f"This key may not use {failure.endpoint.model}.",
        "Check project, region or plan.",
        scope="fail",
    )


def _rate_limit(failure: ProviderFailure) -> ModelCallError | None:
    if failure.status not in (402, 429):
        return None
    return failure.error(
        "rate_limit",
        f"{failure.endpoint.server} limits the rate of calls.",
        "Lower the number of parallel calls, or ask the provider for a higher limit.",
        retryable=True,
        retry_after_s=failure.retry_after_s,
    )


NO_PAGE = "Check the base URL: that of an API usually ends in /v1."
"""What to do where a web page answers."""


def _server(failure: ProviderFailure) -> ModelCallError | None:
    status = failure.status
    if status not in (408, 498) and status < 500:
        return None
    endpoint = failure.endpoint
    if MEMORY.search(failure.parts.message):
        return failure.error(
            "server_memory",
            f"{endpoint.server} ran out of memory with {endpoint.model}.",
            "Use a smaller model or a shorter context there, then Resume.",
            scope="fail",
        )
    retry: dict[str, object] = {"retryable": True, "retry_after_s": failure.retry_after_s}
    if failure.title is not None:
        title = f": {failure.title}" if failure.title else ""
        return failure.error(
            "proxy_error",
            f"A proxy answered instead of {endpoint.provider} (status {status}){title}.",
            f"{endpoint.server} may be down; check its status page and Resume later.",
            **retry,
        )
    return failure.error(
        "overloaded" if status in _OVERLOADED else "server_error",
        f"{endpoint.server} is overloaded or down (status {status}).",
        "Check its status page and Resume later.",
        **retry,
    )


def _redirect(failure: ProviderFailure) -> ModelCallError | None:
    if not 300 <= failure.status < 400:
        return None
    return ModelCallError(
        "redirect",
        f"{failure.endpoint.base_url} redirects elsewhere; redirects are not followed.",
        action="Enter the final address as base URL.",
        scope="fail",
        status=failure.status,
    )


def _web_page(failure: ProviderFailure) -> ModelCallError | None:
    if failure.title is None or failure.status in (429, *range(500, 600)):
        return None
    return failure.error(
        "web_page",
        f"{failure.endpoint.base_url} returned a web page ({failure.title or failure.status}).",
        NO_PAGE,
        scope="fail",
    )


def _bad_request(failure: ProviderFailure) -> ModelCallError:
    said = quote(failure.parts.message) or f"status {failure.status}"
    suffix = f" (request {failure.request_id})" if failure.request_id else ""
    return ModelCallError(
        "bad_request",
        f"{failure.endpoint.server} did not accept the request: {said}{suffix}",
        action="Change the parameters of the run, or choose another model.",
        status=failure.status,
        said=failure.parts.message,
        named=failure.parts.named,
    )


_RULES: tuple[_Rule, ...] = (
    _redirect,
    _web_page,
    _answer_limit,
    _context,
    _filtered,
    _quota,
    _auth,
    _wrong_path,
    _unknown_model,
    _permission,
    _rate_limit,
    _server,
)
