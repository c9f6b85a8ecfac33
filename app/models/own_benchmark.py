"""Benchmarks of an account's own data: a name, and its versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, now
from app.models.run import new_run_id


class OwnBenchmark(Base):
    """The name ``own/<slug>`` in one account. Its files are in ``DATA_DIR/own/<id>``."""

    __tablename__ = "own_benchmarks"
    __table_args__ = (UniqueConstraint("user_id", "slug"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_run_id)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    slug: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(default=now)


class OwnVersion(Base):
    """One upload: never changed, since runs refer to it by its number."""

    __tablename__ = "own_benchmark_versions"

    benchmark_id: Mapped[str] = mapped_column(
        ForeignKey("own_benchmarks.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title: Mapped[str] = mapped_column(String(120))
    description: Mapped[str] = mapped_column(Text)
    prompt_template: Mapped[str] = mapped_column(Text)
    scorer: Mapped[str] = mapped_column(String(60))
    columns: Mapped[dict[str, Any]]
    has_categories: Mapped[bool]
    rows: Mapped[int]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    input_tokens: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=now)
