"""Answers a repeated request with what the first one was answered, for a day.

A client that got no answer cannot know whether its request was done. With an ``Idempotency-Key``
(draft-ietf-httpapi-idempotency-key-header) it may send it again: only one of all requests with
the same key is ever done, however many arrive at once.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Executable, delete, insert, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from app.db import db, now, transaction
from app.errors import Conflict, Invalid
from app.models import RequestKey
from app.services.sealing import open_sealed, seal

log = logging.getLogger(__name__)

KEPT = timedelta(days=1)
LONGEST = 200
PATIENCE_S = 5.0
"""A request waits so long for the answer of another with its key that is being worked on."""

_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What the first request was answered."""

    status: int
    location: str | None
    text: str


def claim(account_id: int, key: str, digest: str) -> KeptAnswer | None:
    """Return the answer to repeat; ``None``: this request is the first and must be done.

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
    while not _insert(account_id, key, digest):
        answer = _find(account_id, key, digest)
        if answer is not None:
            return answer
        if time.monotonic() > give_up_at:
            raise Conflict(
                "A request with this Idempotency-Key is not answered yet.",
                code="idempotency_key_in_use",
                action="Try again in a moment. If it lasts, look whether it was done, and use "
                "another key.",
            )
        time.sleep(_POLL_S)
    return None


def keep_answer(account_id: int, key: str, answer: KeptAnswer) -> None:
    """Keep the answer of a claimed request."""
    _settle(
        update(RequestKey)
        .where(RequestKey.user_id == account_id, RequestKey.key == key)
        .values(status=answer.status, location=answer.location, sealed_answer=seal(answer.text))
    )


def release(account_id: int, key: str) -> None:
    """Give up the claim of a request that was refused: it may be mended and sent again."""
    _settle(delete(RequestKey).where(RequestKey.user_id == account_id, RequestKey.key == key))


def _settle(statement: Executable) -> None:
    try:
        with transaction() as session:
            session.execute(statement)
    except SQLAlchemyError as error:
        # What was done is done; a repetition hears that the first one is not answered.
        log.warning("request key not settled", extra={"error": type(error).__name__})


def _insert(account_id: int, key: str, digest: str) -> bool:
    """Claim the key, unless it is somebody's; one of several at once succeeds."""
    values = {"user_id": account_id, "key": key, "digest": digest, "created_at": now()}
    try:
        with transaction() as session:
            session.execute(
                delete(RequestKey).where(
                    RequestKey.user_id == account_id,
                    RequestKey.key == key,
                    RequestKey.created_at <= now() - KEPT,
                )
            )
            session.execute(insert(RequestKey).values(values))
    except IntegrityError:
        return False
    return True


def _find(account_id: int, key: str, digest: str) -> KeptAnswer | None:
    """Return the answer of a claimed request; ``None`` where there is none yet."""
    row = db.session.execute(
        select(
            RequestKey.digest, RequestKey.status, RequestKey.location, RequestKey.sealed_answer
        ).where(RequestKey.user_id == account_id, RequestKey.key == key)
    ).first()
    db.session.rollback()  # the next look must see what was written meanwhile
    if row is None:
        return None  # released this moment
    if row.digest != digest:
        message = "This Idempotency-Key belongs to a request that asked for something else."
        raise Invalid(
            message,
            code="idempotency_key_reused",
            fields={"Idempotency-Key": [message]},
            action="Send the same request again, or choose another key.",
        )
    if row.status is None or row.sealed_answer is None:
        return None
    return KeptAnswer(row.status, row.location, open_sealed(row.sealed_answer))
