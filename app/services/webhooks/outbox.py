"""Deliveries are written with the event itself, in one transaction, and enqueued after it."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any

import uuid_utils
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.broker import queues
from app.current import get_settings
from app.db import now
from app.errors import Unavailable
from app.models import Delivery, Run, Webhook
from app.recorder.usage import whole_cost

log = logging.getLogger(__name__)


def write(session: Session, run: Run) -> list[str]:
    """Add a delivery for every endpoint that wants this event; returns their ids."""
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


def enqueue(delivery_ids: Sequence[str], attempt: int = 1, delay_s: float = 0) -> None:
    """Tell the queue of committed deliveries; should it be away, the courier finds them as well."""
    try:
        for delivery_id in delivery_ids:
            queues.enqueue_delivery(delivery_id, attempt, delay_s)
    except Unavailable:
        log.warning("queue away, the courier will look", extra={"deliveries": len(delivery_ids)})


_EXAMPLE: dict[str, Any] = {
    "id": "00000000-0000-7000-8000-000000000000",
    "status": "completed",
    "benchmark": "gsm8k",
    "model": "example/model",
    "simulated": False,
    "total": 100,
    "done": 100,
    **dict.fromkeys(("partial", "refused", "truncated", "unparsable", "error"), 0),
    "correct": 50,
    "incorrect": 50,
    "score": {"value": 0.5, "metric": "accuracy", "ci95": [0.4, 0.6]},
    "cost_usd": 0.0123,
    "active_s": 61.5,
}


def example_payload() -> dict[str, Any]:
    """Return the body of a test: that of a run, whose link leads to the webhooks' page."""
    payload = run_payload(Run(**_EXAMPLE), "run.completed", test=True)
    return {**payload, "url": f"{get_settings().address}/settings/webhooks"}


def run_payload(run: Run, event: str, *, test: bool = False) -> dict[str, Any]:
    """Return the body that receivers get."""
    score = run.score or {}
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
        "cost_usd": whole_cost(run.cost_usd, run.unmetered),
        "duration_s": round(run.active_s, 3),
        "url": f"{get_settings().address}/runs/{run.id}",
        "simulated": run.simulated,
        "error": run.failure,
        "test": test,
    }
