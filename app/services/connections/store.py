"""Connections: named provider endpoints of an account, with their sealed keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypedDict

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.config import provider_key
from app.db import changed_rows, db, now, transaction
from app.engine.clients.http_model import Auth, Stream
from app.engine.clients.providers import find_auth, find_kind
from app.errors import Conflict, Invalid, NotFound
from app.models import Connection
from app.net.guard import EgressPolicy
from app.services.accounts.accounts import lock_account
from app.services.connections.connection_fields import hint_of, merge_fields
from app.services.connections.presets import (
    KIND_LABELS,
    PRESETS,
    SIMULATED,
    Kind,
    Preset,
    is_connection_name,
)
from app.services.egress import check_address, provider_policy
from app.services.sealing import open_sealed, seal

MAX_CONNECTIONS_PER_ACCOUNT = 100
DEFAULT_MAX_RETRIES = 5
DEFAULT_MAX_CONNECTIONS = 16
DEFAULT_TIMEOUT_S = 120.0


class ConnectionChanges(TypedDict, total=False):
    """Fields to set; missing ones keep their value, or get their default."""

    kind: str
    base_url: str
    api_key: str | None
    auth: str | None
    stream: Stream
    max_retries: int
    max_connections: int
    requests_per_minute: int | None
    timeout_s: float
    prices: dict[str, dict[str, Any]] | None


@dataclass(frozen=True, slots=True)
class ConnectionInfo:
    """What may be shown of a connection."""

    name: str
    kind: str
    base_url: str
    api_key_hint: str | None = None
    has_key: bool = False
    from_environment: bool = False
    built_in: bool = False
    auth: str | None = None
    stream: Stream = "auto"
    max_retries: int = DEFAULT_MAX_RETRIES
    max_connections: int = DEFAULT_MAX_CONNECTIONS
    requests_per_minute: int | None = None
    timeout_s: float = DEFAULT_TIMEOUT_S
    prices: dict[str, dict[str, float]] = field(default_factory=dict, hash=False)
    last_test: dict[str, Any] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def simulated(self) -> bool:
        """Whether its models are not real."""
        return self.kind == SIMULATED

    @property
    def kind_label(self) -> str:
        """Its kind, as pages show it."""
        return KIND_LABELS.get(self.kind, self.kind)

    @property
    def read_only(self) -> bool:
        """Whether it has no row that could be changed or deleted."""
        return self.from_environment or self.built_in


@dataclass(frozen=True, slots=True)
class OpenConnection:
    """A connection with its key, ready for calls. Never stored, logged or shown."""

    name: str
    kind: Kind
    base_url: str
    api_key: str | None
    max_retries: int
    max_connections: int
    requests_per_minute: int | None
    timeout_s: float
    policy: EgressPolicy
    auth: Auth | None = None
    stream: Stream = "auto"
    prices: dict[str, dict[str, float]] = field(default_factory=dict, hash=False)

    @property
    def simulated(self) -> bool:
        """Whether nobody is called: the built-in models answer."""
        return self.kind == SIMULATED

    def __repr__(self) -> str:
        return f"OpenConnection({self.name!r}, {self.kind!r}, {self.base_url!r})"


def _info(row: Connection) -> ConnectionInfo:
    return ConnectionInfo(
        name=row.name,
        kind=row.kind,
        base_url=row.base_url,
        api_key_hint=row.key_hint,
        has_key=row.sealed_key is not None,
        auth=row.auth,
        stream="auto" if row.stream is None else row.stream,
        max_retries=row.max_retries,
        max_connections=row.max_connections,
        requests_per_minute=row.requests_per_minute,
        timeout_s=row.timeout_s,
        prices=row.prices or {},
        last_test=row.last_test,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _environment_key(preset: Preset) -> str | None:
    key = provider_key(preset.key_variable) if preset.key_variable and preset.base_url else None
    return key.get_secret_value().strip() or None if key else None


def _given_connections(is_admin: bool) -> Iterator[ConnectionInfo]:
    """Yield built-in and environment-provided connections."""
    yield ConnectionInfo(name=SIMULATED, kind=SIMULATED, base_url="", built_in=True)
    if not is_admin:
        return
    for preset in PRESETS.values():
        key = _environment_key(preset)
        if key is not None:
            yield ConnectionInfo(
                name=preset.name,
                kind=preset.kind,
                base_url=preset.base_url,
                api_key_hint=hint_of(key),
                has_key=True,
                from_environment=True,
            )


def list_connections(account_id: int, is_admin: bool) -> list[ConnectionInfo]:
    """Return all connections of the account by name.

    Its own come first where the environment has the same name; ``simulated`` is always there.
    """
    rows = db.session.scalars(select(Connection).where(Connection.user_id == account_id))
    found = {info.name: info for info in _given_connections(is_admin)}
    found.update((row.name, _info(row)) for row in rows)
    return [found[name] for name in sorted(found)]


def _find_row(account_id: int, name: str) -> Connection | None:
    if not is_connection_name(name):
        return None
    return db.session.scalar(
        select(Connection).where(Connection.user_id == account_id, Connection.name == name)
    )


def _missing(name: str) -> NotFound:
    return NotFound(
        f"There is no connection called {name!r}.", action="Add it in Settings → Connections."
    )


def get_connection(account_id: int, is_admin: bool, name: str) -> ConnectionInfo:
    """Return the connection ``name``.

    Raises:
        NotFound: The account has none of that name.
    """
    row = _find_row(account_id, name)
    if row is not None:
        return _info(row)
    for given in _given_connections(is_admin):
        if given.name == name:
            return given
    raise _missing(name)


def save_connection(
    account_id: int, is_admin: bool, name: str, changes: ConnectionChanges
) -> tuple[ConnectionInfo, bool]:
    """Create or change the connection ``name``; also returns whether it is new.

    Raises:
        Invalid: A field does not fit, the address is not permitted, or it was changed without
            entering the key again, which would send the stored key to a new place.
        Conflict: The account has too many, or the same name was made at the same time.
    """
    if not is_connection_name(name):
        raise Invalid(
            "The connection was not saved.",
            fields={
                "name": [
                    "Use 1 to 63 lower-case letters, digits, hyphens and underscores; "
                    "start with a letter or digit."
                ]
            },
        )
    existing = _find_row(account_id, name)
    values = merge_fields(name, existing, changes)
    before = (existing.updated_at, existing.base_url) if existing else None
    db.session.rollback()  # resolving a name can take seconds: no transaction meanwhile
    if values["kind"] != SIMULATED:
        policy = provider_policy(is_admin=is_admin)
        check_address(values["base_url"], policy, account_id, "base_url", "PROVIDER_EGRESS_ALLOW")
    if "api_key" in changes:
        key = values.pop("api_key")
        values["sealed_key"] = seal(key) if key else None
        values["key_hint"] = hint_of(key) if key else None
    return _write(account_id, name, values, before)


def _write(
    account_id: int, name: str, values: dict[str, Any], before: tuple[datetime, str] | None
) -> tuple[ConnectionInfo, bool]:
    try:
        with transaction() as session:
            lock_account(session, account_id)
            row = _find_row(account_id, name)
            if (row and (row.updated_at, row.base_url)) != before:
                raise _changed_meanwhile(name)
            if row is None:
                others = session.scalars(
                    select(Connection.id).where(Connection.user_id == account_id)
                ).all()
                if len(others) >= MAX_CONNECTIONS_PER_ACCOUNT:
                    raise Conflict(
                        f"This account has {MAX_CONNECTIONS_PER_ACCOUNT} connections already.",
                        code="too_many_connections",
                        action="Delete one that you no longer use.",
                    )
                row = Connection(user_id=account_id, name=name)
                session.add(row)
            for name_of_field, value in values.items():
                setattr(row, name_of_field, value)
            row.last_test = None
            row.updated_at = now()
            session.flush()
            return _info(row), before is None
    except IntegrityError:
        raise _changed_meanwhile(name) from None


def move_connection(account_id: int, info: ConnectionInfo, base_url: str) -> ConnectionInfo | None:
    """Give a connection another address on the same server; the key stays.

    Returns:
        The changed connection; ``None``: it was changed or deleted meanwhile.
    """
    with transaction() as session:
        moved = session.execute(
            update(Connection)
            .where(
                Connection.user_id == account_id,
                Connection.name == info.name,
                Connection.updated_at == info.updated_at,
                Connection.base_url == info.base_url,
            )
            .values(base_url=base_url, last_test=None, updated_at=now())
            .execution_options(synchronize_session=False)
        )
    row = _find_row(account_id, info.name) if changed_rows(moved) else None
    if row is None:
        return None
    db.session.refresh(row)
    return _info(row)


def _changed_meanwhile(name: str) -> Conflict:
    return Conflict(
        f"The connection {name!r} was changed elsewhere at the same time.",
        code="changed_meanwhile",
        action="Check it and save again.",
    )


def open_connection(account_id: int, is_admin: bool, name: str) -> OpenConnection:
    """Return the connection ``name`` with its key, for calls.

    Raises:
        NotFound: The account has none of that name.
        Conflict: The key cannot be opened with the keys of this server, or this version does not
            know the kind.
    """
    info = get_connection(account_id, is_admin, name)
    kind = find_kind(info.kind)
    if kind is None:
        raise Conflict(
            f"The connection {name!r} is of a kind that this version does not know: {info.kind}.",
            code="unknown_kind",
            action="Save it again with another kind in Settings → Connections.",
        )
    return OpenConnection(
        name=info.name,
        kind=kind,
        base_url=info.base_url,
        api_key=_key_of(account_id, info),
        max_retries=info.max_retries,
        max_connections=info.max_connections,
        requests_per_minute=info.requests_per_minute,
        timeout_s=info.timeout_s,
        policy=provider_policy(is_admin=is_admin),
        auth=find_auth(info.auth),
        stream=info.stream,
        prices=info.prices,
    )


def _key_of(account_id: int, info: ConnectionInfo) -> str | None:
    if info.from_environment:
        return _environment_key(PRESETS[info.name])
    row = _find_row(account_id, info.name)
    return open_sealed(row.sealed_key) if row is not None and row.sealed_key else None
