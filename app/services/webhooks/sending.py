"""Send one signed webhook request; return the result."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from app.db import now
from app.errors import Conflict
from app.models import Delivery
from app.net.call_errors import CallError
from app.net.guard import EgressPolicy
from app.net.http import HttpReply, HttpSession
from app.net.retry_after import parse_retry_after
from app.net.signing import signed_headers
from app.services.accounts.roles import administers
from app.services.egress import webhook_policy
from app.services.sealing import open_sealed
from app.services.webhooks.chat_formats import body_for
from app.version import __version__

TIMEOUT_S = 15.0
EXCERPT_BYTES = 1024
SENT_BYTES = 8192
"""The log keeps so much of an answer and of what was sent, which is longer only for odd names."""

USER_AGENT = f"OpenBench-Studio/{__version__}"


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """The result of one request; ``sent_body`` is the start of what was sent, if anything was."""

    ok: bool
    status_code: int | None
    latency_ms: int
    error: str | None
    body_excerpt: str = ""
    retry_after_s: float | None = None
    sent_body: str | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """The data of an attempt, so that it needs no database while it waits."""

    delivery_id: str
    url: str
    payload: str
    sealed_secret: str
    policy: EgressPolicy

    @classmethod
    def of(cls, delivery: Delivery) -> Letter:
        """Return the letter of a delivery, which goes where its owner's role permits by now."""
        hook = delivery.webhook
        policy = webhook_policy(is_admin=administers(hook.user_id))
        return cls(delivery.id, hook.url, delivery.payload, hook.sealed_secret, policy)


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
    session = HttpSession(letter.policy, max_connections=1, max_bytes=1_000_000)
    started = datetime.now(UTC)
    try:
        reply = session.post_json(letter.url, headers, body, timeout_s)
    except CallError as error:
        result = AttemptResult(False, None, _elapsed_ms(started), error.message[:300])
        if error.code in ("policy_block", "bad_url"):
            return result  # nothing left this machine
    else:
        result = _result_of(reply, secret)
    finally:
        session.close()
    return replace(result, sent_body=_excerpt(body, SENT_BYTES, secret))


def _elapsed_ms(started: datetime) -> int:
    return round((datetime.now(UTC) - started).total_seconds() * 1000)


def _result_of(reply: HttpReply, secret: str) -> AttemptResult:
    ok = 200 <= reply.status < 300
    error = None if ok else f"The receiver answered {reply.status}."
    if 300 <= reply.status < 400:
        error = f"The receiver redirects ({reply.status}); redirects are not followed."
    return AttemptResult(
        ok,
        reply.status,
        round(reply.elapsed_s * 1000),
        error,
        _excerpt(reply.body, EXCERPT_BYTES, secret),
        None if ok else parse_retry_after(reply.headers, datetime.now(UTC)),
    )


def _excerpt(body: bytes, size: int, secret: str) -> str:
    """Return the start of a body for the log that we show, which never has the secret in it."""
    # A receiver may say what it holds.
    masked = body.replace(secret.removeprefix("whsec_").encode(), b"[redacted]")
    return masked[:size].decode("utf-8", "replace").replace("\0", "\ufffd")
