"""Finds the error in an answer's body, in whatever shape a provider puts it.

Shapes: ``{"error": {...}}`` (OpenAI and all who copy it, Anthropic), the same in a list
(Gemini's OpenAI-compatible endpoint), ``{"error": "text"}`` (Ollama), flat
``{"object": "error", "message": ...}`` (Mistral, old vLLM) and ``{"detail": ...}`` (FastAPI).
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.engine.clients.reply_values import as_object, plain_text

_TITLE_BEGINS = re.compile(rb"<title[^>]*+(>)?", re.IGNORECASE)
_TITLE_ENDS = re.compile(rb"</title>", re.IGNORECASE)
_SECRETS = re.compile(
    r"\b(?:(?:sk|pk|rk|key|gsk|xai|csk|nvapi)[-_]|AIza)[-_A-Za-z0-9*.]{7,}"
    r"|Bearer\s+\S+|whsec_\S+",
    re.IGNORECASE,
)
_LONGEST_TEXT = 300
_MOST_READ = 4000
_SIZES = ("n_prompt_tokens", "n_ctx")
_DELAYS = ("retryDelay", "retry_after", "retry_after_seconds", "retryAfter")


@dataclass(frozen=True, slots=True)
class ErrorParts:
    """What a provider says about a failure.

    Attributes:
        message: The beginning of its text, unredacted; empty where it says nothing.
        tags: Every type, code, status and reason, in lower case.
        status: A numeric ``code`` that is an HTTP status; ``None`` where there is none.
        named: The parameters that it names as being at fault (``param``, ``loc``).
        quotas: Ids of exceeded quotas with their limits (Gemini): ``{"...PerDay...": "50"}``.
        retry_delay: Gemini's ``RetryInfo.retryDelay`` (``34s``), others' ``retry_after``.
        headers: Of the provider behind a gateway (OpenRouter).
    """

    message: str = ""
    tags: frozenset[str] = frozenset()
    status: int | None = None
    named: tuple[str, ...] = ()
    quotas: Mapping[str, str] = field(default_factory=dict)
    retry_delay: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def parse_body(body: bytes) -> Any:
    """Return the JSON in ``body``; ``None`` where there is none, or it is nested without end."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def find_error(payload: Any) -> ErrorParts | None:
    """Return the error within a parsed body; ``None`` where it holds none."""
    if isinstance(payload, list):
        payload = payload[0] if payload else None
    if not isinstance(payload, dict):
        return None
    error = payload.get("error")
    if isinstance(error, dict):
        return _from_object(error)
    if isinstance(error, str) and error:
        return ErrorParts(message=_as_text(error))
    if payload.get("object") == "error" or _looks_flat(payload):
        return _from_object(payload)
    detail = payload.get("detail")
    if detail and "choices" not in payload and "content" not in payload:
        return ErrorParts(message=_as_text(detail), named=tuple(_locations(detail)))
    return _from_choice(payload)


def page_title(body: bytes) -> str | None:
    """Return the title of a web page; empty for a page without one, ``None`` for no page."""
    start = body[:2000].lstrip().lower()
    if not start.startswith((b"<!doctype", b"<html", b"<head", b"<body", b"<?xml")):
        return None
    return quote(html.unescape(_title(body[:20_000]).decode("utf-8", "replace")), 80)


def _title(body: bytes) -> bytes:
    begins = _TITLE_BEGINS.search(body)
    if begins is None or begins[1] is None:
        return b""
    ends = _TITLE_ENDS.search(body, begins.end())
    return body[begins.end() : ends.start()] if ends else b""


def quote(text: str, longest: int = _LONGEST_TEXT) -> str:
    """Return a provider's text, fit to be shown: one line, no keys, not too long."""
    line = " ".join(plain_text(_SECRETS.sub("[redacted]", text)).replace("\0", " ").split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _looks_flat(payload: Mapping[str, Any]) -> bool:
    has_text = isinstance(payload.get("message"), str)
    return has_text and ("code" in payload or "type" in payload) and "choices" not in payload


def _from_choice(payload: Mapping[str, Any]) -> ErrorParts | None:
    choices = payload.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    error = first.get("error") if isinstance(first, dict) else None
    if isinstance(error, dict):
        return _from_object(error)
    return ErrorParts(message=_as_text(error)) if isinstance(error, str) and error else None


def _from_object(error: Mapping[str, Any]) -> ErrorParts:
    quotas: dict[str, str] = {}
    tags: set[str] = set()
    delay = None
    for part in _parts(error):
        tags |= {
            str(part[name]).lower()
            for name in ("type", "code", "status", "reason", "error_code")
            if isinstance(part.get(name), str | int) and part[name] != ""
        }
        if isinstance(part.get("quotaId"), str):
            quotas[part["quotaId"]] = str(part.get("quotaValue", ""))
        waits = (part[name] for name in _DELAYS if isinstance(part.get(name), str | int | float))
        delay = str(next(waits, delay or "")) or None
    return ErrorParts(
        message=_words(error),
        tags=frozenset(tags),
        status=_status(error.get("code")),
        named=tuple(_named(error)),
        quotas=quotas,
        retry_delay=delay,
        headers=_texts(as_object(error.get("metadata")).get("headers")),
    )


def _texts(found: Any) -> Mapping[str, str]:
    return {name: str(value)[:100] for name, value in as_object(found).items()}


def _parts(error: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the error and the objects within it that carry reasons."""
    yield error
    for name in ("innererror", "inner_error", "metadata", "details"):
        inner = error.get(name)
        rows = inner if isinstance(inner, list) else [inner]
        for row in rows:
            if isinstance(row, dict):
                yield row
                violations = row.get("violations")
                if isinstance(violations, list):
                    yield from (each for each in violations if isinstance(each, dict))
                if isinstance(row.get("reasons"), list):
                    yield {"reason": "moderation"}


def _words(error: Mapping[str, Any]) -> str:
    """Return what the provider says; behind a gateway, what the provider behind it says, too.

    llama.cpp tells the sizes of a long prompt beside its text.
    """
    said = _as_text(error.get("message"))
    sizes = [f"{name}: {error[name]}" for name in _SIZES if isinstance(error.get(name), int)]
    raw = as_object(error.get("metadata")).get("raw")
    shown = f"{said} ({', '.join(sizes)})" if sizes else said
    return f"{shown} {_as_text(raw)}"[:_MOST_READ] if raw else shown


def _named(error: Mapping[str, Any]) -> Iterator[str]:
    param = error.get("param")
    if isinstance(param, str) and param:
        yield param
    for name in ("message", "detail", "details"):
        inner = error.get(name)
        yield from _locations(inner.get("detail") if isinstance(inner, dict) else inner)


def _locations(detail: Any) -> Iterator[str]:
    """Yield where a list of invalid fields says that they are: ``body.seed``."""
    for row in detail if isinstance(detail, list) else ():
        place = row.get("loc") if isinstance(row, dict) else None
        if isinstance(place, list):
            yield ".".join(str(part) for part in place[:10])


def _as_text(said: Any) -> str:
    """Return the beginning of what a provider says; patterns look at no more than that."""
    try:
        text = said if isinstance(said, str) else "" if said is None else json.dumps(said)
    except RecursionError:
        text = ""
    return text[:_MOST_READ]


def _status(code: Any) -> int | None:
    if isinstance(code, str) and code.isascii() and code.isdigit():
        code = int(code)
    return code if isinstance(code, int) and 400 <= code <= 599 else None
