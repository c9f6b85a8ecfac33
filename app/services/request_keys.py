"""Answers a repeated request with what the first one was answered, for a day.

A client that got no answer cannot know whether its request was done. With an ``Idempotency-Key``
(draft-ietf-httpapi-idempotency-key-header) it may send it again: only one of all requests with
the same key is ever done, however many arrive at once. What a request makes is noted in the same
transaction, so that one whose server died before it answered is not done again either.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Executable, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from app.db import changed_rows, db, now, transaction
from app.errors import Conflict, Invalid
from app.models import RequestKey
from app.services.sealing import open_sealed, seal

log = logging.getLogger(__name__)

KEPT = timedelta(days=1)
LONGEST = 200
PATIENCE_S = 5.0
"""A request waits so long for the answer of another with its key that is being worked on."""

ABANDONED = timedelta(minutes=10)
"""No request takes so long: one that is not answered by then never will be."""

_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What the first request was answered."""

    status: int
    location: str | None
    text: str


@dataclass(frozen=True, slots=True)
class KeyClaim:
    """The right to do a request.

    Attributes:
        account_id: Whose key it is.
        key: As the client chose it.
        at: When it was claimed; another claim of the same key has another time.
        location: Of what an earlier request with the key made before its server died.
    """

    account_id: int
    key: str
    at: datetime
    location: str | None = None

    @property
    def is_mine(self) -> ColumnElement[bool]:
        """The condition that nobody else has taken the key over."""
        return and_(_has_key(self.account_id, self.key), RequestKey.created_at == self.at)


def claim(account_id: int, key: str, digest: str) -> KeptAnswer | KeyClaim:
    """Return the answer to repeat, or the right to do this request.

    Args:
        account_id: Whose key it is.
        key: As the client chose it.
        digest: Of all that the request asks for.

    Raises:
        Invalid: The key is malformed, or belongs to a request that asked for something else.
        Conflict: The first request is not answered yet.
    """
    if not key.isascii() or not key.isprintable() or len(key) > LONGEST:
        message = f"Use 1 to {LONGEST} printable ASCII characters."
        raise Invalid(message, fields={"Idempotency-Key": [message]})
    give_up_at = time.monotonic() + PATIENCE_S
    while True:
        found = _find(account_id, key, digest)
        if isinstance(found, KeptAnswer):
            return found
        is_late = time.monotonic() > give_up_at
        mine = None
        if found is None:
            mine = _insert(account_id, key, digest)
        elif found.at <= now() - ABANDONED or (is_late and found.location):
            mine = _take_over(found)
        if mine is not None:
            return mine
        if is_late:
            raise Conflict(
                "A request with this Idempotency-Key is not answered yet.",
                code="idempotency_key_in_use",
                action="Try again in a moment.",
            )
        time.sleep(_POLL_S)


def note_made(session: Session, mine: KeyClaim, location: str) -> None:
    """Note what the request made, in the transaction that makes it.

    Raises:
        Conflict: The request took so long that another one was let in; nothing may be made.
    """
    noted = session.execute(update(RequestKey).where(mine.is_mine).values(location=location))
    if changed_rows(noted) == 0:
        raise Conflict(
            "Another request with this Idempotency-Key took its place.",
            code="idempotency_key_in_use",
            action="Try again in a moment.",
        )


def keep_answer(mine: KeyClaim, answer: KeptAnswer) -> None:
    """Keep the answer of a claimed request."""
    _settle(
        update(RequestKey)
        .where(mine.is_mine)
        .values(status=answer.status, location=answer.location, sealed_answer=seal(answer.text))
    )


def release(mine: KeyClaim) -> None:
    """Give up the claim of a request that was refused: it may be mended and sent again.

    One that made something before it failed keeps its key.
    """
    _settle(delete(RequestKey).where(mine.is_mine, RequestKey.location.is_(None)))


def _settle(statement: Executable) -> None:
    try:
        with transaction() as session:
            session.execute(statement)
    except SQLAlchemyError as error:
        # What was done is done; a repetition hears that the first one is not answered.
        log.warning("request key not settled", extra={"error": type(error).__name__})


def _has_key(account_id: int, key: str) -> ColumnElement[bool]:
    return and_(RequestKey.user_id == account_id, RequestKey.key == key)


def _insert(account_id: int, key: str, digest: str) -> KeyClaim | None:
    """Claim the key, unless it is somebody's; one of several at once succeeds."""
    mine = KeyClaim(account_id, key, now())
    values = {"user_id": account_id, "key": key, "digest": digest, "created_at": mine.at}
    try:
        with transaction() as session:
            session.execute(
                delete(RequestKey).where(
                    _has_key(account_id, key), RequestKey.created_at <= now() - KEPT
                )
            )
            session.execute(insert(RequestKey).values(values))
    except IntegrityError:
        return None
    return mine


def _take_over(found: KeyClaim) -> KeyClaim | None:
    """Claim a key whose request is not answered; one of several at once succeeds."""
    mine = replace(found, at=now())
    with transaction() as session:
        taken = session.execute(
            update(RequestKey)
            .where(found.is_mine, RequestKey.status.is_(None))
            .values(created_at=mine.at)
        )
    return mine if changed_rows(taken) else None


def _find(account_id: int, key: str, digest: str) -> KeptAnswer | KeyClaim | None:
    """Return the answer of a claimed request, or who has the claim while there is none.

    ``None``: nobody has claimed the key, within its time.
    """
    row = db.session.execute(
        select(
            RequestKey.digest,
            RequestKey.status,
            RequestKey.location,
            RequestKey.sealed_answer,
            RequestKey.created_at,
        ).where(_has_key(account_id, key), RequestKey.created_at > now() - KEPT)
    ).first()
    db.session.rollback()  # the next look must see what was written meanwhile
    if row is None:
        return None
    if row.digest != digest:
        message = "This Idempotency-Key belongs to a request that asked for something else."
        raise Invalid(
            message,
            code="idempotency_key_reused",
            fields={"Idempotency-Key": [message]},
            action="Send the same request again, or choose another key.",
        )
    if row.status is None or row.sealed_answer is None:
        return KeyClaim(account_id, key, row.created_at, row.location)
    return KeptAnswer(row.status, row.location, open_sealed(row.sealed_answer))
