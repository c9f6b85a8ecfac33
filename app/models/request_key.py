"""Keys with which clients repeat a request without repeating what it does."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, now


class RequestKey(Base):
    """The ``Idempotency-Key`` of a request, and its answer once there is one.

    ``status`` is ``None`` while the request is being worked on. The answer is sealed: it may hold
    a secret that is shown once.
    """

    __tablename__ = "request_keys"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    location: Mapped[str | None] = mapped_column(String(300))
    sealed_answer: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)
