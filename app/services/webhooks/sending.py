"""Send one signed webhook request; return the result."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from app.db import now
from app.errors import Conflict
from app.models import Delivery
from app.net.call_errors import CallError
from app.net.http import HttpReply, HttpSession
from app.net.retry_after import parse_retry_after
from app.net.signing import signed_headers
from app.services.egress import webhook_policy
from app.services.sealing import open_sealed
from app.services.webhooks.chat_formats import body_for
from app.version import __version__

TIMEOUT_S = 15.0
EXCERPT_BYTES = 1024
USER_AGENT = f"OpenBench-Studio/{__version__}"


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """The result of one request."""

    ok: bool
    status_code: int | None
    latency_ms: int
    error: str | None
    body_excerpt: str = ""
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """The data of an attempt, so that it needs no database while it waits."""

    delivery_id: str
    url: str
    payload: str
    sealed_secret: str

    @classmethod
    def of(cls, delivery: Delivery) -> Letter:
        """Return the letter of a delivery."""
        hook = delivery.webhook
        return cls(delivery.id, hook.url, delivery.payload, hook.sealed_secret)


def send(letter: Letter, timeout_s: float = TIMEOUT_S) -> AttemptResult:
    """Send a delivery's payload once; never raises for the receiver's failures."""
    try:
        secret = open_sealed(letter.sealed_secret)
    except Conflict as error:
        return AttemptResult(False, None, 0, f"{error.detail} Rotate the secret."[:300])
    body = body_for(letter.url, json.loads(letter.payload), letter.payload)
    headers = {
        "User-Agent": USER_AGENT,
        **signed_headers([secret], letter.delivery_id, int(now().timestamp()), body),
    }
    session = HttpSession(webhook_policy(), max_connections=1, max_bytes=1_000_000)
    started = datetime.now(UTC)
    try:
        reply = session.post_json(letter.url, headers, body, timeout_s)
    except CallError as error:
        return AttemptResult(False, None, _elapsed_ms(started), error.message[:300])
    finally:
        session.close()
    return _result_of(reply, secret)


def _elapsed_ms(started: datetime) -> int:
    return round((datetime.now(UTC) - started).total_seconds() * 1000)


def _result_of(reply: HttpReply, secret: str) -> AttemptResult:
    ok = 200 <= reply.status < 300
    error = None if ok else f"The receiver answered {reply.status}."
    if 300 <= reply.status < 400:
        error = f"The receiver redirects ({reply.status}); redirects are not followed."
    # A receiver that says what it holds must not put the secret into the log that we show.
    body = reply.body.replace(secret.removeprefix("whsec_").encode(), b"[redacted]")
    return AttemptResult(
        ok,
        reply.status,
        round(reply.elapsed_s * 1000),
        error,
        body[:EXCERPT_BYTES].decode("utf-8", "replace").replace("\0", "\ufffd"),
        None if ok else parse_retry_after(reply.headers, datetime.now(UTC)),
    )
