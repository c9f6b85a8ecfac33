"""Reads samples in batches bounded by bytes, since one may be as long as a thousand others."""

from __future__ import annotations

from dataclasses import dataclass
from sys import getsizeof
from typing import Any

from sqlalchemy import Select, inspect

from app.db import db
from app.models import SampleRow

BATCH_BYTES = 2_000_000
"""Of memory: dozens of requests may each hold a batch, and its JSON, until the client has it."""
_AT_ONCE = 2
_TEXTS = ("completion", "reasoning", "answer", "explanation")


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows, and whether the query has more of them."""

    rows: list[SampleRow]
    is_cut: bool


def read_batch(query: Select[Any]) -> Batch:
    """Return as many first rows of a query as fit, at least one."""
    rows: list[SampleRow] = []
    size = 0
    with db.session.scalars(query.execution_options(yield_per=_AT_ONCE)) as found:
        for row in found:
            rows.append(row)
            size += _bytes_of(row)
            if size > BATCH_BYTES:
                return Batch(rows, found.first() is not None)
    return Batch(rows, is_cut=False)


def _bytes_of(row: SampleRow) -> int:
    """Return what a row's long texts take: up to four bytes for a character."""
    left_out = inspect(row).unloaded
    texts = [getattr(row, name) or "" for name in _TEXTS if name not in left_out]
    return sum(map(getsizeof, (*texts, *(str(part["content"]) for part in row.input))))
