"""Webhook endpoints, the outbox of deliveries and their attempts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Base, now
from app.models.sample import BigKey


class Webhook(Base):
    """An endpoint that is notified of an account's runs.

    ``failures_in_a_row``: so many events it did not get since one arrived.
    """

    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    url: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(String(200), default="")
    events: Mapped[list[str]]
    sealed_secret: Mapped[str] = mapped_column(Text)
    enabled: Mapped[bool] = mapped_column(default=True)
    long_schedule: Mapped[bool] = mapped_column(default=False)
    failures_in_a_row: Mapped[int] = mapped_column(default=0)
    disabled_reason: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(default=now)


class Delivery(Base):
    """One event to one endpoint; ``id`` is the ``webhook-id`` of every attempt.

    ``given_up``: its last try failed, which counts for its endpoint once, however often it is
    sent again.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("event_key", "webhook_id"),
        Index("ix_deliveries_webhook_id_created_at", "webhook_id", "created_at"),
        Index("ix_deliveries_status_next_attempt_at", "status", "next_attempt_at"),
        Index(
            "ix_deliveries_due",
            "webhook_id",
            "next_attempt_at",
            sqlite_where=text("status = 'pending'"),
            postgresql_where=text("status = 'pending'"),
        ),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    run_id: Mapped[str | None] = mapped_column(ForeignKey("runs.id", ondelete="SET NULL"))
    event_key: Mapped[str] = mapped_column(String(120))
    event: Mapped[str] = mapped_column(String(40))
    payload: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(16), default="pending")
    test: Mapped[bool] = mapped_column(default=False)
    given_up: Mapped[bool] = mapped_column(default=False, server_default=false())
    attempts_made: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    webhook: Mapped[Webhook] = relationship(lazy="joined")
    attempts: Mapped[list[DeliveryAttempt]] = relationship(
        order_by="DeliveryAttempt.number", lazy="selectin"
    )


class DeliveryAttempt(Base):
    """One HTTP request of a delivery and what came back.

    ``sent_body``: the start of its body; ``None``: nothing was sent, or it is from before 0025.
    """

    __tablename__ = "delivery_attempts"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    delivery_id: Mapped[str] = mapped_column(
        ForeignKey("deliveries.id", ondelete="CASCADE"), index=True
    )
    number: Mapped[int]
    at: Mapped[datetime] = mapped_column(default=now)
    status_code: Mapped[int | None]
    latency_ms: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(String(300))
    body_excerpt: Mapped[str] = mapped_column(Text, default="")
    sent_body: Mapped[str | None] = mapped_column(Text)
