"""The models that connections offer, asked from the providers and kept for a minute."""

from __future__ import annotations

import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from app.engine.clients.http_model import ModelList
from app.engine.clients.providers import make_client
from app.engine.clients.simulated import SIMULATED_MODELS
from app.engine.errors import ModelCallError
from app.services.connections import OpenConnection

KEEP_S = 60.0
LIST_TIMEOUT_S = 10.0
_MAX_KEPT = 500
_MAX_PARALLEL = 8


@dataclass(frozen=True, slots=True)
class ListFailure:
    """Why a connection could not list its models."""

    connection: str
    code: str
    message: str
    action: str | None


Listing = ModelList | ListFailure

_kept: dict[bytes, tuple[float, ModelList]] = {}
_lock = threading.Lock()


def ask_provider(connection: OpenConnection, timeout_s: float = LIST_TIMEOUT_S) -> ModelList:
    """Return the models of ``connection``, asked now.

    Raises:
        ModelCallError: The provider cannot be reached or refused.
    """
    if connection.kind == "simulated":
        return ModelList(ids=tuple(sorted(SIMULATED_MODELS)), latency_ms=0)
    client = make_client(
        connection.kind,
        connection.base_url,
        connection.api_key,
        "",
        policy=connection.policy,
        max_connections=1,
        provider=connection.name,
        connect_timeout_s=min(5.0, timeout_s),
    )
    try:
        listed = client.list_models(timeout_s)
    finally:
        client.close()
    _keep(_fingerprint(connection), listed)
    return listed


def _fingerprint(connection: OpenConnection) -> bytes:
    # By everything that decides on the answer, so that a changed key never gets an old list.
    parts = (
        connection.kind,
        connection.base_url,
        connection.api_key or "",
        repr(connection.policy),
    )
    return hashlib.sha256("\n".join(parts).encode()).digest()


def _keep(key: bytes, listed: ModelList) -> None:
    with _lock:
        if len(_kept) >= _MAX_KEPT:
            _kept.clear()
        _kept[key] = (time.monotonic(), listed)


def list_offered(connection: OpenConnection) -> Listing:
    """Return the models of ``connection``, at most a minute old, or why there are none."""
    with _lock:
        kept = _kept.get(_fingerprint(connection))
    if kept is not None and time.monotonic() - kept[0] < KEEP_S:
        return kept[1]
    try:
        return ask_provider(connection)
    except ModelCallError as error:
        return ListFailure(connection.name, error.code, error.message, error.action)


def list_all_offered(connections: list[OpenConnection]) -> list[tuple[OpenConnection, Listing]]:
    """Return the listings of ``connections``; providers are asked at the same time."""
    if not connections:
        return []
    with ThreadPoolExecutor(min(_MAX_PARALLEL, len(connections))) as pool:
        return list(zip(connections, pool.map(list_offered, connections), strict=True))
