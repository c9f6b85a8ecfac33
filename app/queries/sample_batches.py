"""Reads samples in batches bounded by bytes, since one may be as long as a thousand others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, inspect

from app.db import db
from app.models import SampleRow

BATCH_CHARS = 8_000_000
_AT_ONCE = 4
_TEXTS = ("completion", "reasoning", "answer", "explanation")


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows, and whether the query has more of them."""

    rows: list[SampleRow]
    is_cut: bool


def read_batch(query: Select[Any]) -> Batch:
    """Return as many first rows of a query as fit, at least one."""
    rows: list[SampleRow] = []
    chars = 0
    with db.session.scalars(query.execution_options(yield_per=_AT_ONCE)) as found:
        for row in found:
            rows.append(row)
            chars += _chars_of(row)
            if chars > BATCH_CHARS:
                return Batch(rows, found.first() is not None)
    return Batch(rows, is_cut=False)


def _chars_of(row: SampleRow) -> int:
    left_out = inspect(row).unloaded
    texts = sum(len(getattr(row, name) or "") for name in _TEXTS if name not in left_out)
    return texts + sum(len(str(part["content"])) for part in row.input)
