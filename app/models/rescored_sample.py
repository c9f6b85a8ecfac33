"""Verdicts of later scorings; the answers themselves are in the ledger."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class RescoredSample(Base):
    """The verdict on one sample in one epoch under another protocol's scorer."""

    __tablename__ = "rescored_samples"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    protocol: Mapped[str] = mapped_column(String(60), primary_key=True)
    sample_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    outcome: Mapped[str] = mapped_column(String(16))
    score: Mapped[float | None]
    answer: Mapped[str | None] = mapped_column(Text)
