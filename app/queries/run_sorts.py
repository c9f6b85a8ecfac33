"""The orders that a list of runs may have, each with an index of an account's runs."""

from __future__ import annotations

from collections.abc import Mapping

from app.queries.paging import SortKey
from app.queries.run_records import COLUMNS

NEWEST_FIRST = "-created_at"
_SORTED_BY: Mapping[str, tuple[SortKey, ...]] = {
    "created_at": (SortKey(COLUMNS.created_at),),
    "benchmark": (SortKey(COLUMNS.benchmark), SortKey(COLUMNS.name)),
    "status": (SortKey(COLUMNS.status),),
    "model": (SortKey(COLUMNS.model),),
    "protocol": (SortKey(COLUMNS.protocol),),
    "score": (SortKey(COLUMNS.score_value, nullable=True),),
    "samples": (SortKey(COLUMNS.total),),
    "errors": (SortKey(COLUMNS.error),),
    "duration": (SortKey(COLUMNS.active_s),),
    "cost": (SortKey(COLUMNS.cost_usd, nullable=True),),
}


def _sorts() -> dict[str, tuple[SortKey, ...]]:
    sorts = {}
    for name, columns in _SORTED_BY.items():
        # Among equals the order goes on by id, which is by age, in the same direction: so one
        # index serves both.
        keys = (*columns, SortKey(COLUMNS.id))
        sorts[name] = keys
        sorts[f"-{name}"] = tuple(SortKey(key.column, True, key.nullable) for key in keys)
    return sorts


SORTS = _sorts()
"""By name, ``-score`` from the highest down; what has no score or cost is last either way."""
