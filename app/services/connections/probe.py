"""Tests a connection with one free call: the list of its models."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import update

from app.db import db, now, transaction
from app.errors import Conflict
from app.models import Connection
from app.services.connections.api_finder import WRONG_PLACE
from app.services.connections.model_lists import ListFailure, list_offered
from app.services.connections.saving import find_address
from app.services.connections.store import get_connection, open_connection


@dataclass(frozen=True, slots=True)
class ConnectionFailure:
    """Why a connection does not work, and what to do."""

    code: str
    message: str
    action: str | None


@dataclass(frozen=True, slots=True)
class ConnectionProbe:
    """The result of a connection test."""

    ok: bool
    latency_ms: int | None
    models_found: int
    models: tuple[str, ...] = ()
    error: ConnectionFailure | None = None
    moved_to: str | None = None
    """The address at which the API was found, which the connection has from now on."""


def probe_connection(account_id: int, is_admin: bool, name: str) -> ConnectionProbe:
    """Ask the provider for its models; stores the result with the connection.

    Where the path of its address is wrong, the API is looked for on the same server.

    Raises:
        NotFound: The account has no connection of that name.
        Limited: The account waits for too many servers already.
    """
    info = get_connection(account_id, is_admin, name)
    db.session.rollback()  # the call may take seconds: no transaction meanwhile
    result = _ask(account_id, is_admin, name)
    if result.error is not None and result.error.code in WRONG_PLACE:
        moved = find_address(account_id, is_admin, info)
        if moved is not None:
            info = moved
            result = replace(_ask(account_id, is_admin, name), moved_to=moved.base_url)
    if not info.read_only:
        _store(account_id, name, info.updated_at, result)
    return result


def _ask(account_id: int, is_admin: bool, name: str) -> ConnectionProbe:
    try:
        connection = open_connection(account_id, is_admin, name)
    except Conflict as error:
        return _failed(ConnectionFailure(error.code, error.detail, error.action))
    db.session.rollback()
    listed = list_offered(account_id, connection)
    if isinstance(listed, ListFailure):
        return _failed(ConnectionFailure(listed.code, listed.message, listed.action))
    return ConnectionProbe(
        ok=True,
        latency_ms=listed.latency_ms,
        models_found=len(listed.ids),
        models=listed.ids,
    )


def _failed(why: ConnectionFailure) -> ConnectionProbe:
    return ConnectionProbe(ok=False, latency_ms=None, models_found=0, error=why)


def _store(account_id: int, name: str, version: Any, result: ConnectionProbe) -> None:
    last_test = {
        "ok": result.ok,
        "at": now().isoformat().replace("+00:00", "Z"),
        "latency_ms": result.latency_ms,
        "models_found": result.models_found,
        "error": asdict(result.error) if result.error else None,
    }
    with transaction() as session:
        # Only if it is still the connection that was tested, which this does not change.
        session.execute(
            update(Connection)
            .where(
                Connection.user_id == account_id,
                Connection.name == name,
                Connection.updated_at == version,
            )
            .values(last_test=last_test, updated_at=Connection.updated_at)
        )
