"""What a reader notes of a sample; apart from the ledger, which is only written by runs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, now

MAX_NOTE = 2_000


class SampleMark(Base):
    """Star, mark for review and note of one sample in one epoch; none of them: no row.

    It names the sample and no row of it, so that it stays when an error is asked again.
    """

    __tablename__ = "sample_marks"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    sample_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    starred: Mapped[bool] = mapped_column(default=False)
    to_review: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str] = mapped_column(String(MAX_NOTE), default="")
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
