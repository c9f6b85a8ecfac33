"""Finds where on a server its API is, by asking for the list of models at likely addresses."""

from __future__ import annotations

import time
from concurrent.futures import TimeoutError as Late
from dataclasses import replace

from app.engine.engine_errors import ModelCallError
from app.errors import Limited
from app.services.connections.base_urls import other_addresses
from app.services.connections.model_lists import fetch_models
from app.services.connections.store import OpenConnection
from app.services.outside_calls import OutsideCalls, waits

PATIENCE_S = 4.0
_ONE_S = 2.0
WRONG_PLACE = frozenset(
    {"wrong_path", "unknown_model", "no_model_list", "web_page", "bad_reply", "bad_request"}
    | {"redirect"}
)
"""Codes of failures after which the API may still be at another path of the same server."""

_calls: OutsideCalls[str | None] = OutsideCalls()


def find_api(account_id: int, connection: OpenConnection) -> str | None:
    """Return the base URL, on the same server, at which the API answers; ``None``: none was found.

    The one that the connection has is tried first.
    """
    with waits.held_if_free(account_id) as may_wait:
        if not may_wait:
            return None
        try:
            key = ("find", account_id, connection.name, connection.base_url)
            answer = _calls.start(account_id, key, lambda: _find(connection))
            return answer.result(PATIENCE_S + _ONE_S)
        except (Late, Limited):
            return None


def _find(connection: OpenConnection) -> str | None:
    give_up_at = time.monotonic() + PATIENCE_S
    for url in (connection.base_url, *other_addresses(connection.base_url)):
        if time.monotonic() > give_up_at:
            return None
        failure = _failure_at(replace(connection, base_url=url))
        if failure is None:
            return url
        if failure.code not in WRONG_PLACE:
            return None  # it cannot be reached, or wants another key: no path helps
    return None


def _failure_at(connection: OpenConnection) -> ModelCallError | None:
    """Return why a server has no list of models at an address; ``None`` if it has one."""
    try:
        fetch_models(connection, _ONE_S)
    except ModelCallError as error:
        return error
    return None
