"""Deliveries: which are due, their attempts, and the log of them that accounts see."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Collection
from datetime import timedelta
from urllib.parse import urlsplit

import uuid_utils
from sqlalchemy import ColumnElement, and_, func, literal_column, select, update
from sqlalchemy.orm import Session

from app.db import changed_rows, db, now, transaction
from app.errors import Conflict, NotFound
from app.models import Delivery, DeliveryAttempt, Webhook
from app.queries.paging import Page, SortKey, read_page
from app.services.outside_calls import waits
from app.services.webhooks import outbox
from app.services.webhooks.delivery_slots import Due
from app.services.webhooks.endpoints import get_webhook
from app.services.webhooks.sending import AttemptResult, Letter, send

log = logging.getLogger(__name__)

SHORT_SCHEDULE_S = (10, 60, 600)
LONG_SCHEDULE_S = (10, 60, 600, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)
"""Waits before each retry: three as a rule; a day and a half where the endpoint wants it."""

MAX_RETRY_AFTER_S = 24 * 3600
DISABLE_AFTER = 20
"""So many events in a row whose last try failed switch an endpoint off."""

TEST_TIMEOUT_S = 8.0
"""Shorter than that of the courier's attempts: somebody waits, and so does a thread of the web."""

CLAIM_S = 60.0
"""For so long an attempt is its claimer's alone; longer than the longest attempt takes."""

EARLY_S = 2.0
"""So much may a job be early: the queue plans to the second, and clocks differ."""

GONE = 410


def due_deliveries() -> list[Due]:
    """Return the longest-waiting due delivery of each endpoint."""
    first = (
        select(Delivery.id)
        .where(
            Delivery.webhook_id == Webhook.id,
            Delivery.status == literal_column("'pending'"),  # as in the index, for the planner
            Delivery.next_attempt_at <= now(),
        )
        .order_by(Delivery.next_attempt_at)
        .limit(1)
        .correlate(Webhook)
        .scalar_subquery()
    )
    hooks = select(Webhook.user_id, Webhook.url, first.label("delivery_id")).subquery()
    rows = db.session.execute(
        select(
            Delivery.id,
            Delivery.attempts_made,
            hooks.c.user_id,
            hooks.c.url,
            Delivery.next_attempt_at,
        ).join(hooks, Delivery.id == hooks.c.delivery_id)
    ).all()
    db.session.rollback()
    return [Due(id_, made, account, _host(url), at) for id_, made, account, url, at in rows]


def _host(url: str) -> str:
    return urlsplit(url).netloc.lower()  # it was checked when it was saved


def which_are_due(delivery_ids: Collection[str]) -> set[str]:
    """Return those of ``delivery_ids`` whose next attempt is due, or is about to be."""
    due = _is_due(delivery_ids)
    found = set(db.session.scalars(select(Delivery.id).where(due)))
    db.session.rollback()
    return found


def _is_due(delivery_ids: Collection[str]) -> ColumnElement[bool]:
    return and_(
        Delivery.id.in_(delivery_ids),
        Delivery.status == "pending",
        Delivery.next_attempt_at <= now() + timedelta(seconds=EARLY_S),
    )


def attempt_delivery(delivery_id: str) -> None:
    """Make the attempt of a delivery that is due; harmless when it is over or somebody's."""
    made = db.session.scalar(select(Delivery.attempts_made).where(_is_due([delivery_id])))
    db.session.rollback()
    if made is not None and claim_attempt(delivery_id, made):
        make_attempt(delivery_id)


def claim_attempt(delivery_id: str, made: int) -> bool:
    """Claim the next attempt of a delivery; only one caller gets it.

    The attempt is counted before it is made. Should its process die in it, the next one begins
    when the claim is over.
    """
    with transaction() as session:
        mine = session.execute(
            update(Delivery)
            .where(
                Delivery.id == delivery_id,
                Delivery.status == "pending",
                Delivery.attempts_made == made,
            )
            .values(attempts_made=made + 1, next_attempt_at=now() + timedelta(seconds=CLAIM_S))
        )
    return changed_rows(mine) == 1


def make_attempt(delivery_id: str) -> bool:
    """Make a claimed attempt, and plan the next if it fails.

    Returns:
        Whether it was delivered.
    """
    delivery = db.session.get(Delivery, delivery_id, populate_existing=True)
    if delivery is None:
        return False  # deleted meanwhile, with its endpoint
    number = delivery.attempts_made
    if not delivery.webhook.enabled and not delivery.test:
        _drop_waiting(delivery.webhook_id)
        return False
    letter = Letter.of(delivery)
    db.session.rollback()  # the receiver may take seconds: no transaction meanwhile
    result = send(letter)
    with transaction() as session:
        delay_s = _write_attempt(session, delivery_id, number, result)
    log.info(
        "webhook attempt",
        extra={"delivery_id": delivery_id, "attempt": number, "ok": result.ok},
    )
    if delay_s is not None:
        outbox.enqueue([delivery_id], number + 1, delay_s)
    return result.ok


def _drop_waiting(webhook_id: str) -> None:
    with transaction() as session:
        session.execute(
            update(Delivery)
            .where(
                Delivery.webhook_id == webhook_id,
                Delivery.status == "pending",
                Delivery.test.is_(False),
            )
            .values(status="failed", next_attempt_at=None)
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
    session: Session, delivery_id: str, number: int, result: AttemptResult
) -> float | None:
    """Write what became of an attempt; returns the seconds to the next, if there is to be one."""
    delivery = session.get(Delivery, delivery_id, populate_existing=True)
    if delivery is None:
        return None  # deleted meanwhile, with its endpoint
    session.add(
        DeliveryAttempt(
            delivery_id=delivery_id,
            number=number,
            status_code=result.status_code,
            latency_ms=result.latency_ms,
            error=result.error,
            body_excerpt=result.body_excerpt,
            sent_body=result.sent_body,
        )
    )
    delay_s = _next_delay_s(delivery, number, result)
    status = "delivered" if result.ok else "failed" if delay_s is None else "pending"
    written = session.execute(
        update(Delivery)
        # Not where the claim ran out and somebody else makes the next attempt by now.
        .where(Delivery.id == delivery_id, (Delivery.attempts_made == number) | result.ok)
        .values(
            status=status,
            next_attempt_at=None if delay_s is None else now() + timedelta(seconds=delay_s),
        )
    )
    is_ours = changed_rows(written) == 1
    if is_ours and status != "pending" and not delivery.test:
        _count_for_endpoint(session, delivery, result)
    return delay_s if is_ours else None


def _count_for_endpoint(session: Session, delivery: Delivery, result: AttemptResult) -> None:
    """Count a delivery that is over for its endpoint; switch that off if it is gone or fails on.

    An event counts once, when its last try failed: neither its retries nor what a user sends
    again by hand say more about the endpoint.
    """
    of_hook = update(Webhook).where(Webhook.id == delivery.webhook_id)
    of_delivery = update(Delivery).where(Delivery.id == delivery.id)
    if result.ok:
        session.execute(of_hook.values(failures_in_a_row=0))
        session.execute(of_delivery.values(given_up=False))
        return
    first = session.execute(of_delivery.where(Delivery.given_up.is_(False)).values(given_up=True))
    failures = session.execute(
        of_hook.values(failures_in_a_row=Webhook.failures_in_a_row + changed_rows(first)).returning(
            Webhook.failures_in_a_row
        )
    ).scalar_one()
    reason = None
    if result.status_code == GONE:
        reason = "The receiver answered 410 Gone."
    elif failures >= DISABLE_AFTER:
        reason = f"{failures} events in a row could not be delivered."
    if reason:
        session.execute(of_hook.values(enabled=False, disabled_reason=reason))


def send_test(webhook_id: str, account_id: int) -> AttemptResult:
    """Send a test event at once, without retries; it is in the log like any other.

    Raises:
        NotFound: There is no such endpoint.
        Limited: The account waits for too many servers already.
    """
    hook_id = get_webhook(webhook_id, account_id).id
    with waits.held(account_id):
        return _send_test(hook_id)


def _send_test(hook_id: str) -> AttemptResult:
    delivery_id = f"msg_{uuid_utils.uuid7().hex}"
    with transaction() as session:
        session.add(
            Delivery(
                id=delivery_id,
                webhook_id=hook_id,
                event_key=f"test/{delivery_id}",
                event="run.completed",
                payload=json.dumps(outbox.example_payload(), separators=(",", ":")),
                test=True,
                attempts_made=1,
            )
        )
    letter = Letter.of(db.session.get_one(Delivery, delivery_id))
    db.session.rollback()  # the receiver may take seconds: no transaction meanwhile
    result = send(letter, TEST_TIMEOUT_S)
    with transaction() as session:
        _write_attempt(session, delivery_id, 1, result)
    return result


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
    """
    delivery = _delivery_of(delivery_id, account_id)
    if not delivery.webhook.enabled:
        raise Conflict(
            "This webhook is switched off, so nothing is sent to it.",
            code="webhook_disabled",
            action="Switch it on, then redeliver.",
        )
    with transaction() as session:
        session.execute(
            update(Delivery)
            .where(Delivery.id == delivery_id)
            .values(status="pending", next_attempt_at=now())
        )
    delivery = _delivery_of(delivery_id, account_id)
    outbox.enqueue([delivery_id], delivery.attempts_made + 1)
    return delivery


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
