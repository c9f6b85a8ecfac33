"""Makes one attempt of one delivery."""

from __future__ import annotations

from app.services.webhooks.deliveries import attempt_delivery


def deliver_webhook(delivery_id: str) -> None:
    """Send ``delivery_id`` if it is due; harmless to repeat, a failed attempt enqueues the next.

    The courier, which takes these jobs, makes many attempts at a time and shares them out; any
    other worker of RQ would make them by this, one after the other.
    """
    attempt_delivery(delivery_id)
