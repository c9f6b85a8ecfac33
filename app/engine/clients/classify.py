"""Classifies a provider's failure into an error that says what the run must do.

The body counts first and the status second: providers answer 200, 400, 403 or 500 for what
is the same failure.
"""

from __future__ import annotations

from datetime import UTC, datetime

from app.engine.clients.classify_parts import (
    ErrorParts,
    find_error,
    page_title,
    parse_body,
    quote,
)
from app.engine.clients.classify_rules import NO_PAGE, Endpoint, ProviderFailure, decide
from app.engine.clients.classify_words import implied_status
from app.engine.engine_errors import ModelCallError
from app.net.call_errors import CallError
from app.net.http import HttpReply
from app.net.retry_after import find_wait, parse_retry_after, parse_wait

RETRY_ONCE = frozenset({"web_page", "empty_reply", "bad_reply", "malformed_generation"})
"""Codes of failures that are worth one more try and no more."""

TRANSIENT = frozenset(
    {
        "rate_limit",
        "overloaded",
        "server_error",
        "proxy_error",
        "timeout",
        "connection",
        "tls",
        "generation_failed",
    }
)
"""Codes of failures that pass by themselves; many in a row pause a run."""


def classify_reply(reply: HttpReply, endpoint: Endpoint, sample_id: str) -> ModelCallError | None:
    """Return the failure that ``reply`` reports; ``None`` where it reports none.

    A 2xx answer that is JSON without an error is no failure here, whatever it lacks.
    """
    payload = parse_body(reply.body)
    parts = find_error(payload)
    ok = 200 <= reply.status < 300
    if ok and parts is None:
        return None if payload is not None else not_json(reply, endpoint)
    found = parts or ErrorParts(message="" if page_title(reply.body) is not None else _text(reply))
    status = implied_status(found) if ok else reply.status
    return decide(
        ProviderFailure(
            endpoint=endpoint,
            sample_id=sample_id,
            status=status,
            parts=found,
            title=page_title(reply.body),
            retry_after_s=_retry_after(reply, found),
            request_id=request_id(reply),
        )
    )


def request_id(reply: HttpReply) -> str | None:
    """Return the provider's own id of the call, from the headers."""
    found = reply.headers.get("x-request-id") or reply.headers.get("request-id")
    return quote(found, 100) if found else None


def not_json(reply: HttpReply, endpoint: Endpoint) -> ModelCallError:
    """Return the error for a 2xx answer that is no JSON: a web page, or a cut body."""
    if page_title(reply.body) is not None:
        return ModelCallError(
            "web_page",
            f"{endpoint.base_url} returned a web page.",
            action=NO_PAGE,
            scope="fail",
            retryable=True,
            status=reply.status,
        )
    return ModelCallError(
        "bad_reply",
        f"{endpoint.base_url} returned {'no' if not reply.body.strip() else 'malformed'} JSON.",
        action="Check that the base URL belongs to a model API, and see the server's log.",
        retryable=True,
        status=reply.status,
    )


def empty_reply(endpoint: Endpoint, request: str | None) -> ModelCallError:
    """Return the error for a well-formed answer that holds no completion."""
    suffix = f" (request {request})" if request else ""
    return ModelCallError(
        "empty_reply",
        f"{endpoint.server} returned no completion for {endpoint.model}.{suffix}",
        action="Try again later; if it keeps happening, choose another model.",
        retryable=True,
        status=200,
    )


def cut_stream(endpoint: Endpoint) -> ModelCallError:
    """Return the error for a stream that ended without a word of how the answer did."""
    return ModelCallError(
        "connection",
        f"{endpoint.server} ended its stream in the middle of an answer.",
        action="Try again later; the log of the server may say why.",
        retryable=True,
        status=200,
    )


def from_call_error(error: CallError, endpoint: Endpoint) -> ModelCallError:
    """Return a failure of the transport as one of a model call."""
    scope = "fail" if error.code in ("policy_block", "bad_url") else "sample"
    if error.code == "tls" and not error.retryable:
        scope = "fail"
    return ModelCallError(
        error.code,
        f"{endpoint.server}: {error.message}",
        scope=scope,  # type: ignore[arg-type]
        action=error.action,
        retryable=error.retryable,
        retry_after_s=error.retry_after_s,
        status=error.status,
    )


def _text(reply: HttpReply) -> str:
    return reply.body[:2000].decode("utf-8", "replace")


def _retry_after(reply: HttpReply, parts: ErrorParts) -> float | None:
    now = datetime.now(UTC)
    waited = parse_retry_after(reply.headers, now)
    if waited is None:
        waited = parse_retry_after(parts.headers, now)
    if waited is None and parts.retry_delay:
        waited = parse_wait(parts.retry_delay, now)
    return find_wait(parts.message, now) if waited is None else waited
