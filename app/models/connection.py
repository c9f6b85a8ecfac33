"""Named provider endpoints."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, now


class Connection(Base):
    """A provider endpoint with its sealed key; ``name`` is the prefix of its models.

    It streams answers (``stream``), or does so only where its server does nothing else (``None``).
    """

    __tablename__ = "connections"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(32))
    base_url: Mapped[str] = mapped_column(String(500))
    sealed_key: Mapped[str | None] = mapped_column(Text)
    key_hint: Mapped[str | None] = mapped_column(String(8))
    auth: Mapped[str | None] = mapped_column(String(16))
    stream: Mapped[bool | None]
    max_retries: Mapped[int] = mapped_column(default=5)
    max_connections: Mapped[int] = mapped_column(default=16)
    requests_per_minute: Mapped[int | None]
    timeout_s: Mapped[float] = mapped_column(default=120.0)
    prices: Mapped[dict[str, Any] | None]
    last_test: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
