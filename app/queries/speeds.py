"""How fast the answers of a run came, where they were streamed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import select

from app.db import db
from app.models import ACTIVE, Run, SampleRow

_Number = TypeVar("_Number", int, float)


def speed_of(run_id: str) -> dict[str, Any] | None:
    """Return median and 95th percentile of a run's streamed answers; ``None`` without any.

    Read from an index that holds nothing else.
    """
    rows = db.session.execute(
        select(SampleRow.first_token_s, SampleRow.output_tokens_per_s).where(
            SampleRow.run_id == run_id, SampleRow.first_token_s.is_not(None)
        )
    ).all()
    if not rows:
        return None
    waits = sorted(first for first, _ in rows if first is not None)
    rates = sorted(rate for _, rate in rows if rate is not None)
    return {"first_token_s": _summary(waits), "output_tokens_per_s": _summary(rates)}


def speed_so_far(run: Run) -> dict[str, Any] | None:
    """Return the speed of a run, also while it is active."""
    return speed_of(run.id) if run.status in ACTIVE else run.speed


def _summary(ordered: Sequence[float]) -> dict[str, float] | None:
    if not ordered:
        return None
    return {"p50": percentile(ordered, 0.5), "p95": percentile(ordered, 0.95)}


def percentile(ordered: Sequence[_Number], share: float) -> _Number:
    """Return the value below which ``share`` of an ascending, non-empty list lies."""
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]
