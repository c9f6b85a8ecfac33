"""Validates the fields of a connection and fills in defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.current import get_settings
from app.engine.clients.providers import AUTHS, find_auth
from app.errors import Invalid
from app.models import Connection
from app.services.connections.base_urls import clean_base_url, leads_to
from app.services.connections.own_prices import cleaned_prices, price_problem
from app.services.connections.presets import KIND_LABELS, PRESETS, SIMULATED, Preset

MAX_URL_LENGTH = 500
MAX_KEY_LENGTH = 2000
_KEY = re.compile(r"[\x21-\x7e]+")
_HINT_LENGTH = 4
_LIMITS: Mapping[str, tuple[float, float, str]] = {
    "max_retries": (0, 20, "Use 0 to 20 retries."),
    "max_connections": (1, 256, "Use 1 to 256 connections."),
    "requests_per_minute": (
        1,
        1_000_000,
        "Use 1 or more requests per minute, or leave it empty for no limit.",
    ),
    "timeout_s": (1, 3600, "Use 1 to 3600 seconds."),
}
_STORED = ("kind", "base_url", "auth", "stream", "prices", *_LIMITS)


def hint_of(key: str) -> str | None:
    """Return the last four characters of a key, or nothing if it is too short to show them."""
    return key[-_HINT_LENGTH:] if len(key) >= 3 * _HINT_LENGTH else None


def merge_fields(
    name: str, existing: Connection | None, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the values to store: changes, then existing values, then the preset of the name.

    ``api_key`` is in the result only if it is in ``changes``.

    Raises:
        Invalid: Fields do not fit; all of them are named.
    """
    preset = PRESETS.get(name)
    values: dict[str, Any] = {}
    if preset is not None:
        values.update(kind=preset.kind, base_url=preset.base_url)
    if name == SIMULATED:
        values.update(kind=SIMULATED, base_url="")
    if existing is not None:
        values.update((field, getattr(existing, field)) for field in _STORED)
    values.update(_cleaned(changes))
    values.setdefault("kind", "openai_compatible")
    values.setdefault("base_url", "")
    if values["kind"] == SIMULATED:
        values.update(base_url="")
        values.pop("api_key", None)
    _check(name, values, existing, preset)
    if values["kind"] == SIMULATED and "api_key" in changes:
        values["api_key"] = None
    return values


def _cleaned(changes: Mapping[str, Any]) -> dict[str, Any]:
    given = dict(changes)
    if isinstance(given.get("base_url"), str):
        given["base_url"] = clean_base_url(given["base_url"])
    if isinstance(given.get("api_key"), str):
        given["api_key"] = given["api_key"].strip() or None
    if given.get("stream") == "auto":
        given["stream"] = None
    if given.get("prices") is not None:
        given["prices"] = cleaned_prices(given["prices"])
    return given


def _check(
    name: str, values: dict[str, Any], existing: Connection | None, preset: Preset | None
) -> None:
    fields: dict[str, str | None] = {
        "kind": _kind_problem(name, values["kind"]),
        "base_url": _url_problem(values),
        "api_key": _key_problem(values, existing, preset),
        "auth": _auth_problem(values.get("auth")),
        "stream": _stream_problem(values.get("stream")),
        "prices": price_problem(values.get("prices") or {}),
    }
    for field, (low, high, message) in _LIMITS.items():
        value = values.get(field)
        if value is not None and not low <= value <= high:
            fields[field] = message
    problems = {field: [message] for field, message in fields.items() if message}
    if problems:
        raise Invalid("The connection was not saved.", fields=problems)


def _kind_problem(name: str, kind: str) -> str | None:
    if kind not in KIND_LABELS:
        return f"Choose one of: {', '.join(KIND_LABELS)}."
    if name == SIMULATED and kind != SIMULATED:
        return "The name simulated is reserved for the simulated model."
    return None


def _auth_problem(auth: str | None) -> str | None:
    if auth is None or find_auth(auth) is not None:
        return None
    return f"Choose one of: {', '.join(AUTHS)}; or leave it empty."


def _stream_problem(stream: object) -> str | None:
    return None if stream in (None, True, False) else "Choose one of: auto, true, false."


def _url_problem(values: dict[str, Any]) -> str | None:
    if values["kind"] == SIMULATED:
        return None
    url = values["base_url"]
    if not url:
        return "Enter the address of the server, for example http://127.0.0.1:11434/v1."
    if len(url) > MAX_URL_LENGTH:
        return f"Use at most {MAX_URL_LENGTH} characters."
    if "?" in url:
        return "The address must not have a query (?...)."
    settings = get_settings()
    if leads_to(url, settings.host, settings.port):
        return (
            f"This is the address of the Studio itself, which listens on port {settings.port}. "
            "Start the model server on another port and enter that."
        )
    return None


def _key_problem(
    values: dict[str, Any], existing: Connection | None, preset: Preset | None
) -> str | None:
    if values["kind"] == SIMULATED:
        return None
    if "api_key" in values:
        key = values["api_key"]
        if key is None:
            return _missing_key(values, preset)
        if len(key) > MAX_KEY_LENGTH or not _KEY.fullmatch(key):
            return "This does not look like a key: it has spaces or unusual characters."
        return None
    if existing is None:
        return _missing_key(values, preset)
    if existing.sealed_key is not None and values["base_url"] != existing.base_url:
        return "The address changed: enter the key again, so that it is not sent elsewhere."
    return None


def _missing_key(values: dict[str, Any], preset: Preset | None) -> str | None:
    if preset and preset.needs_key and values["base_url"] == preset.base_url:
        return f"{preset.title} needs a key."
    return None
