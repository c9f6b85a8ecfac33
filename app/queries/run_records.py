"""Runs as plain records, for lists: faster to read than ORM objects."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from operator import attrgetter
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import Row, Select, Table, bindparam, func, select

from app.db import db
from app.models import Run
from app.models.run import COUNTED, skipped
from app.queries.paging import SortKey, order_of

_OF_WORKERS = frozenset({"lease_token", "lease_until", "served_at", "yielding", "worker_deaths"})
_RUNS = cast(Table, Run.__table__)
COLUMNS = _RUNS.columns
_RECORDED = [column for column in COLUMNS if column.key not in _OF_WORKERS]
_NAMES = [column.key for column in _RECORDED]
_counted = attrgetter(*COUNTED)

RECORDS = select(*_RECORDED)
"""All records: restrict it by ``COLUMNS`` (by an attribute of ``Run`` it would be the ORM's)."""


class RunRecord(SimpleNamespace):
    """A run's columns except its lease, read-only."""

    def counts(self) -> dict[str, int]:
        """Return samples in all, done, by outcome, and skipped."""
        counts = dict(zip(COUNTED, _counted(self), strict=True))
        counts["skipped"] = skipped(self.status, self.total, self.done)
        return counts


def read_records(query: Select[Any]) -> list[RunRecord]:
    """Return what ``query``, a restriction of ``RECORDS``, selects."""
    return [_record(row) for row in db.session.execute(query)]


def first_records(
    account_id: int, keys: Sequence[SortKey], limit: int
) -> tuple[list[RunRecord], int]:
    """Return the first of all records of an account, and how many there are."""
    rows = db.session.execute(_first_rows(keys, limit), {"account_id": account_id}).all()
    return [_record(row) for row in rows], rows[0][-1] if rows else 0


@lru_cache(maxsize=64)
def _first_rows(keys: Sequence[SortKey], limit: int) -> Select[Any]:
    """Return the query, which is asked most often and takes as long to build as to run."""
    everything = _RUNS.alias()
    number = select(func.count()).where(everything.c.user_id == bindparam("account_id"))
    return (
        RECORDS.add_columns(number.scalar_subquery())
        .where(COLUMNS.user_id == bindparam("account_id"))
        .order_by(*order_of(keys))
        .limit(limit)
    )


def _record(row: Row[Any]) -> RunRecord:
    return RunRecord(**dict(zip(_NAMES, row, strict=False)))
