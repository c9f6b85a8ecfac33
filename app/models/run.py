"""A run. All its counts are derived from its samples."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

import uuid_utils
from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column, validates

from app.db import Base, now

ACTIVE = ("queued", "running")
RESUMABLE = ("paused", "failed", "canceled")
FINISHED = ("completed", "failed", "canceled")


MAX_NAME = 120
SORTED_BY = (
    ("benchmark", "name"),
    ("status",),
    ("model",),
    ("protocol",),
    ("score_value",),
    ("total",),
    ("error",),
    ("active_s",),
    ("cost_usd",),
)
"""What the list of an account's runs is sorted by, beside their age: each has an index."""

COUNTED = (
    "total",
    "done",
    "correct",
    "incorrect",
    "partial",
    "refused",
    "truncated",
    "unparsable",
    "error",
)
"""The columns that count samples."""


ALWAYS_DIGESTED = ("temperature", "top_p", "max_tokens", "seed", "epochs")
SENT = (
    *ALWAYS_DIGESTED,
    "top_k",
    "presence_penalty",
    "frequency_penalty",
    "stop",
    "reasoning_effort",
    "thinking_tokens",
    "extra_body",
)
"""Settings that the digest of a run's parameters covers; those that came later only if set, so
that earlier digests keep their meaning."""

_BEFORE: Mapping[str, Any] = MappingProxyType(
    {
        "sample_ids": None,
        "order": "first",
        "sample_seed": None,
        "system_message": None,
        "reasoning_effort": None,
        "thinking_tokens": None,
        "stop": None,
        "top_k": None,
        "presence_penalty": None,
        "frequency_penalty": None,
        "extra_body": None,
        "stream": "auto",
    }
)
"""Settings that did not exist at first, with what runs did then: limits took the first samples."""


def full_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run's settings, complete also if it was made by an earlier version."""
    return {**_BEFORE, **config}


def skipped(status: str, total: int, done: int) -> int:
    """Return how many samples a run that is over never asked; 0 while it may still ask them."""
    return total - done if status in FINISHED else 0


def value_of(score: Mapping[str, Any] | None) -> float | None:
    """Return the number of a score; ``None`` where nothing was scored."""
    return score["value"] if score else None


def new_run_id() -> str:
    """Return a UUIDv7: unique, and sorted by time of creation."""
    return str(uuid_utils.uuid7())


class Run(Base):
    """One benchmark on one model, with one configuration.

    ``lease_token`` names the worker that may write; it holds until ``lease_until`` on the
    database's clock. Every write of a worker carries its token and changes nothing without it.
    ``served_at`` is when a worker last took it, ``yielding`` says that it makes room for runs of
    other accounts, ``worker_deaths`` counts the workers that died over it without getting on.

    ``cost_usd`` is what is known of its cost; answers without token counts (``unmetered``) are
    not in it. ``score_value`` is the value of ``score``, to sort by.
    """

    __tablename__ = "runs"
    __table_args__ = (
        Index(None, "user_id", "created_at"),
        Index(None, "status"),
        Index(None, "benchmark"),
        # Holds all that the dashboard counts and offers as filters: no row is read for it.
        Index(None, "user_id", "status", "benchmark", "model"),
        *(Index(None, "user_id", *columns, "id") for columns in SORTED_BY),
        # The runs of a benchmark before and after one.
        Index(None, "user_id", "benchmark", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_run_id)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    status: Mapped[str] = mapped_column(String(16), default="queued")
    benchmark: Mapped[str] = mapped_column(String(80))
    benchmark_version: Mapped[int]
    protocol: Mapped[str] = mapped_column(String(32))
    model: Mapped[str] = mapped_column(String(200))
    simulated: Mapped[bool] = mapped_column(default=False)
    config: Mapped[dict[str, Any]]
    estimate: Mapped[dict[str, Any] | None]
    digests: Mapped[dict[str, Any]] = mapped_column(default=dict)
    name: Mapped[str] = mapped_column(String(MAX_NAME), default="", server_default="")
    tags: Mapped[list[str]] = mapped_column(default=list)
    notes: Mapped[str] = mapped_column(Text, default="")

    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    correct: Mapped[int] = mapped_column(default=0)
    incorrect: Mapped[int] = mapped_column(default=0)
    partial: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    truncated: Mapped[int] = mapped_column(default=0)
    unparsable: Mapped[int] = mapped_column(default=0)
    error: Mapped[int] = mapped_column(default=0)
    scored: Mapped[int] = mapped_column(default=0)
    score_sum: Mapped[float] = mapped_column(default=0.0)
    score_square_sum: Mapped[float] = mapped_column(default=0.0)
    input_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    cached_input_tokens: Mapped[int | None] = mapped_column(BigInteger)
    cache_write_tokens: Mapped[int | None] = mapped_column(BigInteger)
    output_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    reasoning_tokens: Mapped[int | None] = mapped_column(BigInteger)
    unmetered: Mapped[int] = mapped_column(default=0, server_default="0")
    judge_input_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    judge_output_tokens: Mapped[int] = mapped_column(BigInteger, default=0)
    judge_unmetered: Mapped[int] = mapped_column(default=0, server_default="0")
    cost_usd: Mapped[float | None]
    judge_cost_usd: Mapped[float | None]
    retries: Mapped[int] = mapped_column(default=0)
    stored_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    served_models: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON)

    speed: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    score: Mapped[dict[str, Any] | None]
    score_value: Mapped[float | None]
    scores: Mapped[dict[str, Any]] = mapped_column(default=dict)
    breakdown: Mapped[dict[str, Any] | None]
    failure: Mapped[dict[str, Any] | None]
    waiting: Mapped[dict[str, Any] | None]
    notices: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list, server_default="[]")
    preparing: Mapped[dict[str, Any] | None]

    attempt: Mapped[int] = mapped_column(default=0)
    retry_errors: Mapped[bool] = mapped_column(default=False)
    lease_token: Mapped[str | None] = mapped_column(String(80))
    lease_until: Mapped[float] = mapped_column(default=0.0)
    claimed_at: Mapped[float | None]
    served_at: Mapped[float] = mapped_column(default=0.0, server_default="0")
    yielding: Mapped[bool] = mapped_column(default=False, server_default=false())
    worker_deaths: Mapped[int] = mapped_column(default=0, server_default="0")
    cancel_requested_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    active_s: Mapped[float] = mapped_column(default=0.0)

    @validates("score")
    def _keep_value(self, _name: str, score: dict[str, Any] | None) -> dict[str, Any] | None:
        self.score_value = value_of(score)
        return score

    def counts(self) -> dict[str, int]:
        """Return samples in all, done, by outcome, and skipped."""
        return {name: getattr(self, name) for name in COUNTED} | {
            "skipped": skipped(self.status, self.total, self.done)
        }
