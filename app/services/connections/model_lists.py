"""Model lists of connections, fetched from the providers and cached for a minute."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass

from app.engine.clients.http_model import ProviderModels
from app.engine.clients.providers import make_client
from app.engine.clients.simulated import SIMULATED_MODELS
from app.engine.engine_errors import ModelCallError
from app.errors import Limited
from app.services.connections.store import OpenConnection
from app.services.outside_calls import OutsideCalls, waits

KEEP_S = 60.0
KEEP_FAILURE_S = 30.0
LIST_TIMEOUT_S = 5.0
PATIENCE_S = 1.5
"""A page waits so long for all lists together; what comes later is there for the next one."""

TEST_PATIENCE_S = 8.0
_LIST_BYTES = 2_000_000
_MOST_IDS_KEPT = 100_000


@dataclass(frozen=True, slots=True)
class ListFailure:
    """Why a connection could not list its models."""

    connection: str
    code: str
    message: str
    action: str | None


Listing = ProviderModels | ListFailure


@dataclass(frozen=True, slots=True)
class _Kept:
    listing: Listing
    at: float

    @property
    def fresh(self) -> bool:
        keep_s = KEEP_FAILURE_S if isinstance(self.listing, ListFailure) else KEEP_S
        return time.monotonic() - self.at < keep_s


_calls: OutsideCalls[Listing] = OutsideCalls()
_kept: dict[bytes, _Kept] = {}
_lock = threading.Lock()


def list_offered(account_id: int, connection: OpenConnection) -> Listing:
    """Fetch the models of ``connection`` now; returns them, or why it failed.

    Raises:
        Limited: The account waits for too many servers already.
    """
    with waits.held(account_id):
        answer = _start(account_id, connection)
        try:
            return answer.result(TEST_PATIENCE_S)
        except Late:
            return _silent(connection)


def list_all_offered(
    account_id: int, connections: Sequence[OpenConnection]
) -> list[tuple[OpenConnection, Listing]]:
    """Return the model lists of ``connections``, at most a minute old, within two seconds.

    Providers are asked at the same time, those that failed before last. One that does not answer
    in time is a failure now; its answer, should it come, is there for the next call.
    """
    answers = {each.name: _begin(account_id, each) for each in sorted(connections, key=_has_failed)}
    with waits.held_if_free(account_id) as may_wait:
        give_up_at = time.monotonic() + (PATIENCE_S if may_wait else 0.0)
        return [(each, _result(each, answers[each.name], give_up_at)) for each in connections]


def kept_listing(connection: OpenConnection) -> Listing | None:
    """Return the list that was fetched last, without asking; ``None``: none was."""
    if connection.simulated:
        return _simulated()
    kept = _kept_of(connection)
    return kept.listing if kept is not None else None


def _begin(account_id: int, connection: OpenConnection) -> Listing | Future[Listing]:
    if connection.simulated:
        return _simulated()  # at once, whatever hangs
    kept = _kept_of(connection)
    if kept is not None and kept.fresh:
        return kept.listing
    try:
        return _start(account_id, connection)
    except Limited:
        return _silent(connection)


def _result(
    connection: OpenConnection, answer: Listing | Future[Listing], give_up_at: float
) -> Listing:
    if not isinstance(answer, Future):
        return answer
    try:
        return answer.result(max(0.0, give_up_at - time.monotonic()))
    except Late:
        kept = _kept_of(connection)
        return kept.listing if kept is not None else _silent(connection)


def _start(account_id: int, connection: OpenConnection) -> Future[Listing]:
    key = _fingerprint(connection)
    return _calls.start(account_id, key, lambda: _ask(connection, key))


def _ask(connection: OpenConnection, key: bytes) -> Listing:
    listing: Listing
    try:
        listing = _call(connection)
    except ModelCallError as error:
        listing = ListFailure(connection.name, error.code, error.message, error.action)
    _keep(key, listing)
    return listing


def _call(connection: OpenConnection) -> ProviderModels:
    return _simulated() if connection.simulated else fetch_models(connection, LIST_TIMEOUT_S)


def fetch_models(connection: OpenConnection, timeout_s: float) -> ProviderModels:
    """Ask a server for its list of models, once.

    Raises:
        ModelCallError: It has none at this address, or cannot be asked.
    """
    client = make_client(
        connection.kind,
        connection.base_url,
        connection.api_key,
        "",
        policy=connection.policy,
        max_connections=1,
        provider=connection.name,
        connect_timeout_s=timeout_s,
        max_bytes=_LIST_BYTES,
        auth=connection.auth,
    )
    try:
        return client.list_models(timeout_s)
    finally:
        client.close()


def _simulated() -> ProviderModels:
    return ProviderModels(ids=tuple(sorted(SIMULATED_MODELS)), latency_ms=0)


def _silent(connection: OpenConnection) -> ListFailure:
    return ListFailure(
        connection.name,
        "no_answer",
        "The server does not answer.",
        "Try again in a moment, or type the model's id.",
    )


def _has_failed(connection: OpenConnection) -> bool:
    kept = _kept_of(connection)
    return kept is not None and isinstance(kept.listing, ListFailure)


def _kept_of(connection: OpenConnection) -> _Kept | None:
    with _lock:
        return _kept.get(_fingerprint(connection))


def _keep(key: bytes, listing: Listing) -> None:
    with _lock:
        _kept.pop(key, None)
        _kept[key] = _Kept(listing, time.monotonic())
        while sum(map(_size, _kept.values())) > _MOST_IDS_KEPT:
            del _kept[next(iter(_kept))]  # the oldest


def _size(kept: _Kept) -> int:
    return 1 if isinstance(kept.listing, ListFailure) else 1 + len(kept.listing.ids)


def _fingerprint(connection: OpenConnection) -> bytes:
    # By everything that decides on the answer, so that a changed key never gets an old list.
    parts = (
        connection.name,
        connection.kind,
        connection.base_url,
        connection.api_key or "",
        connection.auth or "",
        repr(connection.policy),
    )
    return hashlib.sha256("\n".join(parts).encode()).digest()
