"""API tokens: shown once, stored as a hash, limited by scope and time."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, bindparam, delete, or_, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.db import db, now, transaction, write_in_passing
from app.errors import Conflict, Invalid, NotFound
from app.models import AccountRow, ApiToken, AuthSession
from app.services.accounts.accounts import (
    ALL_SCOPES,
    Account,
    lock_account,
    lock_signed_in,
)

PREFIX = "obs_"
MAX_TOKENS = 200
MAX_ROW_ID = 2**31 - 1
_HINT_LENGTH = 10
_USED_AT_PRECISION = timedelta(minutes=1)

_tokens, _accounts = cast(Table, ApiToken.__table__).c, cast(Table, AccountRow.__table__).c
_VALID_TOKEN = (
    # Built once and without the ORM: every request of an API client asks it.
    select(
        _tokens.id,
        _tokens.scopes,
        _tokens.last_used_at,
        *(_accounts.id, _accounts.email, _accounts.is_admin, _accounts.created_at),
    )
    .join_from(ApiToken.__table__, AccountRow.__table__)
    .where(
        _tokens.token_hash == bindparam("token_hash"),
        _accounts.disabled_at.is_(None),
        or_(_tokens.expires_at.is_(None), _tokens.expires_at > bindparam("at")),
    )
)


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """What may be shown of a token."""

    id: int
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None

    @property
    def expired(self) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now()


def _info(row: ApiToken) -> TokenInfo:
    return TokenInfo(
        row.id,
        row.name,
        row.hint,
        tuple(row.scopes),
        row.created_at,
        row.last_used_at,
        row.expires_at,
    )


def _hash(token: str) -> str:
    # 256 random bits cannot be guessed: no slow hash is needed.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _check(name: str, scopes: Collection[str], expires_at: datetime | None) -> None:
    fields: dict[str, list[str]] = {}
    if not 1 <= len(name) <= 80:
        fields["name"] = ["Use 1 to 80 characters."]
    if not scopes or not set(scopes) <= ALL_SCOPES:
        fields["scopes"] = ["Choose read, write or both."]
    if expires_at is not None and expires_at <= now():
        fields["expires_at"] = ["Choose a time in the future."]
    if fields:
        raise Invalid("The token was not created.", fields=fields)


def create_token(
    account_id: int,
    name: str,
    scopes: Collection[str],
    expires_at: datetime | None = None,
    *,
    signed_in: Account | None = None,
) -> tuple[str, TokenInfo]:
    """Create a token; returns its text, which cannot be read again, and its description.

    ``write`` includes ``read``. Tokens that have expired make room for new ones.

    Args:
        account_id: The account.
        name: What it is for.
        scopes: ``read``, ``write`` or both.
        expires_at: ``None``: it does not expire.
        signed_in: The account, if the token came for its password: it ends when that is changed,
            as a browser's session does. Of too many tokens, the one that would expire first is
            revoked.

    Raises:
        Invalid: A field does not fit.
        Conflict: The account has too many tokens.
        Unauthorized: The password of ``signed_in`` was changed since it was checked.
    """
    name = name.strip()
    _check(name, scopes, expires_at)
    token = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        user_id=account_id,
        name=name,
        token_hash=_hash(token),
        hint=token[:_HINT_LENGTH],
        scopes=sorted(ALL_SCOPES if "write" in scopes else set(scopes)),
        expires_at=expires_at,
    )
    with transaction() as session:
        if signed_in is None:
            lock_account(session, account_id)
        else:
            lock_signed_in(session, signed_in)
        _keep_below_limit(session, account_id, make_room=signed_in is not None)
        session.add(row)
        if signed_in is not None and expires_at is not None:
            session.add(
                AuthSession(key_hash=row.token_hash, user_id=account_id, expires_at=expires_at)
            )
        session.flush()
        return token, _info(row)


def _keep_below_limit(session: Session, account_id: int, *, make_room: bool) -> None:
    rows = session.execute(
        select(ApiToken.id, ApiToken.expires_at).where(ApiToken.user_id == account_id)
    ).all()
    if len(rows) < MAX_TOKENS:
        return
    expiring = sorted((expires_at, key) for key, expires_at in rows if expires_at is not None)
    gone = [key for expires_at, key in expiring if expires_at <= now()]
    if not gone and make_room:
        gone = [key for _, key in expiring[:1]]
    if not gone:
        raise Conflict(
            f"This account has {MAX_TOKENS} tokens already.",
            code="too_many_tokens",
            action="Delete one that you no longer use.",
        )
    session.execute(delete(ApiToken).where(ApiToken.id.in_(gone)))


def list_tokens(account_id: int) -> list[TokenInfo]:
    """Return the tokens of the account, newest first."""
    rows = db.session.scalars(
        select(ApiToken).where(ApiToken.user_id == account_id).order_by(ApiToken.id.desc())
    )
    return [_info(row) for row in rows]


def delete_token(account_id: int, token_id: int) -> None:
    """Revoke a token.

    Raises:
        NotFound: The account has no such token.
    """
    if not 0 < token_id <= MAX_ROW_ID:
        raise NotFound("There is no such token.")  # the database would not take the number
    with transaction() as session:
        removed = session.execute(
            delete(ApiToken).where(ApiToken.user_id == account_id, ApiToken.id == token_id)
        )
        if removed.rowcount == 0:  # type: ignore[attr-defined]
            raise NotFound("There is no such token.")


def revoke_token(token: str) -> None:
    """Revoke the token with this text; one that is gone already stays gone."""
    with transaction() as session:
        session.execute(delete(ApiToken).where(ApiToken.token_hash == _hash(token)))
        session.execute(delete(AuthSession).where(AuthSession.key_hash == _hash(token)))


def authenticate_token(token: str) -> Account | None:
    """Return the account of ``token``; ``None`` when it is unknown, revoked or expired.

    A disabled account has none that is valid.
    """
    if not token.startswith(PREFIX):
        return None
    at = now()
    row = db.session.execute(_VALID_TOKEN, {"token_hash": _hash(token), "at": at}).first()
    if row is None:
        return None
    token_id, scopes, last_used_at, user_id, email, is_admin, created_at = row
    if last_used_at is None or last_used_at < at - _USED_AT_PRECISION:
        with suppress(OperationalError):  # locked, or its disk is full: who reads is not refused
            _note_use(token_id, at)
    return Account(user_id, email, is_admin, created_at, frozenset(scopes))


def _note_use(token_id: int, at: datetime) -> None:
    """Record the use of a token, unless the database is busy: reads must not wait."""
    write_in_passing(
        update(ApiToken)
        .where(
            ApiToken.id == token_id,
            or_(
                ApiToken.last_used_at.is_(None),
                ApiToken.last_used_at < at - _USED_AT_PRECISION,
            ),
        )
        .values(last_used_at=at)
    )


def expiry(lifetime: timedelta) -> datetime:
    """Return when a token created now expires."""
    return now() + lifetime
