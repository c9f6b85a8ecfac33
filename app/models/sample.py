"""The ledger's rows: one scored reply each, and the log lines of a run."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, now

# SQLite only counts up a key of the very type INTEGER.
BigKey = BigInteger().with_variant(Integer, "sqlite")


class SampleRow(Base):
    """The result of one sample in one epoch; there is never a second for the same pair.

    ``question`` is what its prompt (``input``) has of its own, without instructions and examples;
    ``None``: the prompt has nothing else, or the row is of an earlier version.
    """

    __tablename__ = "samples"
    __table_args__ = (
        UniqueConstraint("run_id", "sample_id", "epoch"),
        # Holds all that is short of a sample, so that scores, counts and charts of a run are read
        # from it alone: the rows themselves are hundreds of times as long.
        Index(
            "ix_samples_summary",
            "run_id",
            "position",
            "epoch",
            "sample_id",
            "outcome",
            "category",
            "score",
            "latency_ms",
            "id",
        ),
        # Only what was streamed, so that an unstreamed run has nothing to read here.
        Index(
            "ix_samples_speed",
            "run_id",
            "first_token_s",
            "output_tokens_per_s",
            sqlite_where=text("first_token_s IS NOT NULL"),
            postgresql_where=text("first_token_s IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    sample_id: Mapped[str] = mapped_column(String(200))
    epoch: Mapped[int] = mapped_column(default=1)
    position: Mapped[int]
    category: Mapped[str | None] = mapped_column(String(200))
    outcome: Mapped[str] = mapped_column(String(16))
    score: Mapped[float | None]
    input: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    question: Mapped[str | None] = mapped_column(Text)
    target: Mapped[str | list[str]] = mapped_column(JSON)
    completion: Mapped[str] = mapped_column(Text)
    reasoning: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(Text)
    explanation: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any]]
    finish_reason: Mapped[str | None] = mapped_column(String(20))
    latency_ms: Mapped[int | None]
    first_token_s: Mapped[float | None]
    output_tokens_per_s: Mapped[float | None]
    input_tokens: Mapped[int | None]
    cached_input_tokens: Mapped[int | None]
    cache_write_tokens: Mapped[int | None]
    output_tokens: Mapped[int | None]
    reasoning_tokens: Mapped[int | None]
    cost_usd: Mapped[float | None]
    judge_input_tokens: Mapped[int] = mapped_column(default=0)
    judge_output_tokens: Mapped[int] = mapped_column(default=0)
    judge_cost_usd: Mapped[float | None]
    attempts: Mapped[int]
    served_model: Mapped[str | None] = mapped_column(String(200))
    fingerprint: Mapped[str | None] = mapped_column(String(100))
    reply_id: Mapped[str | None] = mapped_column(String(100))
    error: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(default=now)


class RunEventRow(Base):
    """A line of a run's log: a retry, a wait, a worker that took over."""

    __tablename__ = "run_events"
    __table_args__ = (Index("ix_run_events_run_id_id", "run_id", "id"),)

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(default=now)
    kind: Mapped[str] = mapped_column(String(20))
    message: Mapped[str] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
