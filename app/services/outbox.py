"""Deliveries are written with the event itself, in one transaction, and enqueued after it."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import Any

import uuid_utils
from flask import current_app
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import queue
from app.db import changed_rows, db, now, transaction
from app.errors import Unavailable
from app.models import Delivery, Run, Webhook

log = logging.getLogger(__name__)

OVERDUE_S = 5.0
"""A delivery so late was lost by the queue, or its worker died."""

CLAIM_S = 60.0
"""For so long an attempt that was handed to the queue is not handed again."""


def write(session: Session, run: Run) -> list[str]:
    """Add a delivery to every endpoint that wants this event; returns their ids."""
    event = f"run.{run.status}"
    hooks = session.scalars(
        select(Webhook).where(Webhook.user_id == run.user_id, Webhook.enabled.is_(True))
    )
    deliveries = [
        Delivery(
            id=f"msg_{uuid_utils.uuid7().hex}",
            webhook_id=hook.id,
            run_id=run.id,
            event_key=f"{run.id}/{run.attempt}/{event}",
            event=event,
            payload=json.dumps(run_payload(run, event), separators=(",", ":")),
            next_attempt_at=now(),
        )
        for hook in hooks
        if event in hook.events
    ]
    session.add_all(deliveries)
    session.flush()
    return [delivery.id for delivery in deliveries]


def run_payload(run: Run, event: str, *, test: bool = False) -> dict[str, Any]:
    """Return the body that receivers get."""
    score = run.score or {}
    base = (current_app.extensions["settings"].public_url or "").rstrip("/")
    return {
        "type": event,
        "timestamp": now().isoformat().replace("+00:00", "Z"),
        "run_id": run.id,
        "status": run.status,
        "benchmark": run.benchmark,
        "model": run.model,
        "score": score.get("value"),
        "metric": score.get("metric"),
        "ci95": score.get("ci95"),
        "counts": run.counts(),
        "cost_usd": run.cost_usd,
        "duration_s": round(run.active_s, 3),
        "url": f"{base}/runs/{run.id}",
        "simulated": run.simulated,
        "error": run.failure,
        "test": test,
    }


def enqueue(delivery_ids: list[str]) -> None:
    """Hand committed deliveries to the queue; should it be away, the sweep will do it."""
    for delivery_id in delivery_ids:
        try:
            queue.enqueue_delivery(delivery_id, 1)
        except Unavailable:
            log.warning("queue away, the sweep will deliver", extra={"delivery_id": delivery_id})
            return


def sweep_deliveries() -> int:
    """Enqueue deliveries that are overdue; returns how many."""
    overdue = now() - timedelta(seconds=OVERDUE_S)
    late = db.session.execute(
        select(Delivery.id, Delivery.attempts_made, Delivery.next_attempt_at)
        .where(Delivery.status == "pending", Delivery.next_attempt_at < overdue)
        .limit(200)
    ).all()
    handed = 0
    for delivery_id, made, due in late:
        with transaction() as session:
            mine = session.execute(
                update(Delivery)
                .where(Delivery.id == delivery_id, Delivery.next_attempt_at == due)
                .values(next_attempt_at=now() + timedelta(seconds=CLAIM_S))
            )
        if changed_rows(mine):
            queue.enqueue_delivery(delivery_id, made + 1)
            handed += 1
    return handed
