"""A link that shows results to whoever has it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, now


class Share(Base):
    """A read-only link to a run, or to a comparison of several; only its SHA-256 is stored.

    ``run_ids`` are in the order of the comparison. Runs may be deleted meanwhile: then the link
    shows nothing, since a comparison without one of them would be another.
    """

    __tablename__ = "shares"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    hint: Mapped[str] = mapped_column(String(12))
    run_ids: Mapped[list[str]] = mapped_column(JSON)
    hide_texts: Mapped[bool]
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
