"""Looks a model up in its server's own list, before a run asks it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Literal
from urllib.parse import urlsplit

from app.db import db
from app.engine.clients.http_model import MOST_MODELS
from app.engine.pricing import context_tokens_at
from app.errors import Conflict
from app.services.connections.model_lists import (
    ListFailure,
    Listing,
    kept_listing,
    list_all_offered,
)
from app.services.connections.store import open_connection

_LISTS_NO_DEPLOYMENTS = re.compile(r"\.(?:openai\.azure\.com|services\.ai\.azure\.com)$")
_NEAR = 3

Standing = Literal["listed", "missing", "unknown"]


@dataclass(frozen=True, slots=True)
class ModelLookup:
    """What a server's list says of a model.

    Attributes:
        standing: ``unknown``: there is no list, or it could not be read.
        offered: How many models the list has.
        near: Ids in it that look like the one that is missing.
        context_tokens: Room for prompt and answer, by the server or the price list.
        failure: Why the list could not be read.
    """

    standing: Standing
    offered: int = 0
    near: tuple[str, ...] = ()
    context_tokens: int | None = None
    failure: ListFailure | None = None


def look_up_model(
    account_id: int, is_admin: bool, connection: str, model_id: str, *, ask: bool
) -> ModelLookup:
    """Return what the server of ``connection`` says of a model.

    Args:
        account_id: The account.
        is_admin: Whether it also sees the environment's connections.
        connection: Its name; it exists.
        model_id: The model's id there.
        ask: Whether to ask the server where its list is not kept, and wait a moment for it.
    """
    try:
        opened = open_connection(account_id, is_admin, connection)
    except Conflict as error:
        failure = ListFailure(connection, error.code, error.detail, error.action)
        return ModelLookup("unknown", failure=failure)
    db.session.rollback()  # the server may take a second: no transaction meanwhile
    listing: Listing | None = kept_listing(opened)
    if ask:
        ((_, listing),) = list_all_offered(account_id, [opened])
    in_price_list = None if opened.simulated else context_tokens_at(opened.base_url, model_id)
    if listing is None:
        return ModelLookup("unknown", context_tokens=in_price_list)
    if isinstance(listing, ListFailure):
        return ModelLookup("unknown", context_tokens=in_price_list, failure=listing)
    context = listing.context_tokens.get(model_id) or in_price_list
    host = urlsplit(opened.base_url).hostname or ""
    if len(listing.ids) >= MOST_MODELS or _LISTS_NO_DEPLOYMENTS.search(host):
        return ModelLookup("unknown", len(listing.ids), context_tokens=context)
    if is_listed(model_id, listing.ids):
        return ModelLookup("listed", len(listing.ids), context_tokens=context)
    near = tuple(get_close_matches(model_id, listing.ids, _NEAR, 0.5)) or listing.ids[:_NEAR]
    return ModelLookup("missing", len(listing.ids), near, context)


def is_listed(model_id: str, ids: Sequence[str]) -> bool:
    """Return whether a list has the model, also under the names that its server understands."""
    known = set(ids)
    plain = model_id.removeprefix("models/")
    if plain in known or f"{plain}:latest" in known:  # Ollama
        return True
    name, colon, _variant = plain.rpartition(":")
    if colon and "/" in name and name in known:  # OpenRouter's and Hugging Face's variants
        return True
    return any("*" in pattern and fnmatchcase(plain, pattern) for pattern in ids)  # LiteLLM
