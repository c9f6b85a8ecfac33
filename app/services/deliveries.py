"""Deliveries: their attempts, one after the other, written to the log that accounts see."""

from __future__ import annotations

import json
import logging
import random
from datetime import timedelta

import uuid_utils
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app import queue
from app.db import changed_rows, db, now, transaction
from app.errors import Conflict, NotFound, Unavailable
from app.models import Delivery, DeliveryAttempt, Webhook
from app.queries.paging import Page, SortKey, read_page
from app.services.delivery_requests import AttemptResult, send
from app.services.webhooks import get_webhook

log = logging.getLogger(__name__)

SHORT_SCHEDULE_S = (10, 60, 600)
LONG_SCHEDULE_S = (10, 60, 600, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)
"""Waits before each retry: three as a rule; a day and a half where the endpoint wants it."""

MAX_RETRY_AFTER_S = 24 * 3600
DISABLE_AFTER = 20
GONE = 410


def attempt_delivery(delivery_id: str) -> None:
    """Make one attempt of a pending delivery and plan the next if it fails.

    Does nothing when the delivery is over, so that a job that comes twice does no harm.
    """
    delivery = db.session.get(Delivery, delivery_id)
    if delivery is None or delivery.status != "pending":
        return
    number = delivery.attempts_made + 1
    if not _claim(delivery_id, delivery.attempts_made):
        return
    db.session.refresh(delivery)
    if not delivery.webhook.enabled and not delivery.test:
        _close(delivery_id, "failed")
        return
    result = send(delivery)
    delay_s = _next_delay_s(delivery, number, result)
    with transaction() as session:
        _write_attempt(session, delivery_id, number, result, delay_s)
        _judge_endpoint(session, delivery_id, result)
    log.info(
        "webhook attempt",
        extra={"delivery_id": delivery_id, "attempt": number, "ok": result.ok},
    )
    if delay_s is not None:
        _enqueue(delivery_id, number + 1, delay_s)


def _claim(delivery_id: str, made: int) -> bool:
    """Count the attempt before it is made: a job that dies in it does not repeat it at once."""
    with transaction() as session:
        mine = session.execute(
            update(Delivery)
            .where(
                Delivery.id == delivery_id,
                Delivery.status == "pending",
                Delivery.attempts_made == made,
            )
            .values(attempts_made=made + 1, next_attempt_at=now() + timedelta(seconds=60))
        )
    return changed_rows(mine) == 1


def _close(delivery_id: str, status: str) -> None:
    with transaction() as session:
        session.execute(
            update(Delivery)
            .where(Delivery.id == delivery_id)
            .values(status=status, next_attempt_at=None)
        )


def _next_delay_s(delivery: Delivery, number: int, result: AttemptResult) -> float | None:
    """Return the seconds to the next attempt, or ``None`` when there is none."""
    if result.ok or delivery.test or result.status_code == GONE:
        return None
    schedule = LONG_SCHEDULE_S if delivery.webhook.long_schedule else SHORT_SCHEDULE_S
    if number > len(schedule):
        return None
    planned = schedule[number - 1] * random.uniform(1.0, 1.1)  # noqa: S311 - spread, no secret
    return min(max(planned, result.retry_after_s or 0.0), MAX_RETRY_AFTER_S)


def _write_attempt(
    session: Session, delivery_id: str, number: int, result: AttemptResult, delay_s: float | None
) -> None:
    session.add(
        DeliveryAttempt(
            delivery_id=delivery_id,
            number=number,
            status_code=result.status_code,
            latency_ms=result.latency_ms,
            error=result.error,
            body_excerpt=result.body_excerpt,
        )
    )
    status = "delivered" if result.ok else "failed" if delay_s is None else "pending"
    session.execute(
        update(Delivery)
        .where(Delivery.id == delivery_id)
        .values(
            status=status,
            next_attempt_at=None if delay_s is None else now() + timedelta(seconds=delay_s),
        )
    )


def _judge_endpoint(session: Session, delivery_id: str, result: AttemptResult) -> None:
    """Switch an endpoint off that is gone, or that failed too often in a row."""
    delivery = session.get_one(Delivery, delivery_id)
    if delivery.test:
        return
    of_hook = update(Webhook).where(Webhook.id == delivery.webhook_id)
    if result.ok:
        session.execute(of_hook.values(failures_in_a_row=0))
        return
    failures = session.execute(
        of_hook.values(failures_in_a_row=Webhook.failures_in_a_row + 1).returning(
            Webhook.failures_in_a_row
        )
    ).scalar_one()
    reason = None
    if result.status_code == GONE:
        reason = "The receiver answered 410 Gone."
    elif failures >= DISABLE_AFTER:
        reason = f"{failures} attempts in a row failed."
    if reason:
        session.execute(of_hook.values(enabled=False, disabled_reason=reason))


def _enqueue(delivery_id: str, attempt: int, delay_s: float) -> None:
    try:
        queue.enqueue_delivery(delivery_id, attempt, delay_s)
    except Unavailable:
        log.warning("queue away, the sweep will deliver", extra={"delivery_id": delivery_id})


def send_test(webhook_id: str, account_id: int) -> AttemptResult:
    """Send a test event at once, without retries; it is in the log like any other.

    Raises:
        NotFound: There is no such endpoint.
    """
    hook = get_webhook(webhook_id, account_id)
    hook_id, delivery_id = hook.id, f"msg_{uuid_utils.uuid7().hex}"
    with transaction() as session:
        session.add(
            Delivery(
                id=delivery_id,
                webhook_id=hook_id,
                event_key=f"test/{delivery_id}",
                event="run.completed",
                payload=json.dumps(_test_payload(), separators=(",", ":")),
                test=True,
                attempts_made=1,
            )
        )
    delivery = db.session.get_one(Delivery, delivery_id)
    result = send(delivery)
    with transaction() as session:
        _write_attempt(session, delivery_id, 1, result, None)
    return result


def _test_payload() -> dict[str, object]:
    return {
        "type": "run.completed",
        "timestamp": now().isoformat().replace("+00:00", "Z"),
        "run_id": "00000000-0000-7000-8000-000000000000",
        "status": "completed",
        "benchmark": "gsm8k",
        "model": "example/model",
        "score": 0.5,
        "metric": "accuracy",
        "ci95": [0.4, 0.6],
        "counts": {"total": 100, "done": 100, "correct": 50, "incorrect": 50},
        "cost_usd": None,
        "duration_s": 1.0,
        "url": None,
        "error": None,
        "test": True,
    }


def list_deliveries(
    webhook_id: str, account_id: int, *, limit: int = 50, cursor: str | None = None
) -> Page[Delivery]:
    """Return the deliveries of an endpoint, newest first.

    Raises:
        NotFound: There is no such endpoint.
        Invalid: The cursor is not one of this list.
    """
    get_webhook(webhook_id, account_id)
    mine = Delivery.webhook_id == webhook_id
    return read_page(
        select(Delivery).where(mine),
        (SortKey(Delivery.created_at, descending=True), SortKey(Delivery.id, descending=True)),
        limit=limit,
        cursor=cursor,
        count=lambda: db.session.scalar(select(func.count(Delivery.id)).where(mine)) or 0,
    )


def redeliver(delivery_id: str, account_id: int) -> Delivery:
    """Send a delivery once more, with the same id.

    Raises:
        NotFound: There is no such delivery in this account.
        Conflict: Its endpoint is switched off.
        Unavailable: The queue does not answer; nothing was changed.
    """
    delivery = _delivery_of(delivery_id, account_id)
    if not delivery.webhook.enabled:
        raise Conflict(
            "This webhook is switched off, so that nothing is sent to it.",
            code="webhook_disabled",
            action="Switch it on, then redeliver.",
        )
    if not queue.is_reachable():
        raise Unavailable(
            "The queue server does not answer, so nothing was sent.",
            code="queue_unavailable",
            action="Try again in a moment; an admin can look at /health.",
        )
    with transaction() as session:
        made = session.execute(
            update(Delivery)
            .where(Delivery.id == delivery_id)
            .values(status="pending", next_attempt_at=now())
            .returning(Delivery.attempts_made)
        ).scalar_one_or_none()
    if made is not None:
        _enqueue(delivery_id, made + 1, 0)
    return _delivery_of(delivery_id, account_id)


def _delivery_of(delivery_id: str, account_id: int) -> Delivery:
    delivery = db.session.scalar(
        select(Delivery)
        .join(Webhook)
        .where(Delivery.id == delivery_id, Webhook.user_id == account_id)
    )
    if delivery is None:
        raise NotFound("There is no such delivery in this account.", code="delivery_not_found")
    return delivery


def latest_of(account_id: int) -> dict[str, Delivery]:
    """Return the newest delivery of each of the account's endpoints, by endpoint."""
    newest = (
        select(func.max(Delivery.id))
        .join(Webhook)
        .where(Webhook.user_id == account_id)
        .group_by(Delivery.webhook_id)
    )
    rows = db.session.scalars(select(Delivery).where(Delivery.id.in_(newest)))
    return {delivery.webhook_id: delivery for delivery in rows}
