"""Makes one attempt of one delivery."""

from __future__ import annotations

from app.services.deliveries import attempt_delivery


def deliver_webhook(delivery_id: str) -> None:
    """Send the delivery ``delivery_id`` once; a failed attempt enqueues the next one."""
    attempt_delivery(delivery_id)
