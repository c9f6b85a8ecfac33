"""Runs that there is something to compare with: finished, with answers, two of a benchmark."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, String, cast, func, or_, select

from app.models import RESUMABLE
from app.queries.paging import Page, read_page, search_page
from app.queries.run_records import COLUMNS, RECORDS, RunRecord, read_records
from app.queries.run_sorts import SORTS
from app.queries.runs import MAX_WORDS, in_json
from app.queries.word_search import check_search, has_word

CANDIDATES = 25
OVER = ("completed", *RESUMABLE)
"""What a run is whose answers are not still coming in."""
_NEWEST = SORTS["-created_at"]


def picked_runs(account_id: int, run_ids: Sequence[str]) -> list[RunRecord]:
    """Return those of some runs that are the account's, in the order given."""
    found = {
        run.id: run
        for run in read_records(
            RECORDS.where(COLUMNS.user_id == account_id, COLUMNS.id.in_(run_ids))
        )
    }
    return [found[run_id] for run_id in dict.fromkeys(run_ids) if run_id in found]


def comparable_runs(
    account_id: int, picked: Sequence[RunRecord], *, q: str = "", cursor: str | None = None
) -> Page[RunRecord]:
    """Return a page of runs that can be compared, newest first.

    Args:
        account_id: Whose.
        picked: Runs that were picked before: they are left out, and so are other benchmarks.
        q: Words in name, benchmark, model, protocol, tags or id; all must occur.
        cursor: From the page before.

    Raises:
        Invalid: The cursor is not one of this list, or the search is too long.
    """
    finished = [COLUMNS.user_id == account_id, COLUMNS.status.in_(OVER)]
    if picked:
        benchmarks: ColumnElement[bool] = COLUMNS.benchmark == picked[0].benchmark
    else:
        several = select(COLUMNS.benchmark).where(*finished).group_by(COLUMNS.benchmark)
        benchmarks = COLUMNS.benchmark.in_(several.having(func.count() > 1))
    query = RECORDS.where(
        *finished, benchmarks, COLUMNS.scored > 0, COLUMNS.id.not_in([run.id for run in picked])
    )
    check_search(q)
    words = q.split()[:MAX_WORDS]
    query = query.where(*(_has(word) for word in words))
    read = search_page if words else read_page
    return read(query, _NEWEST, limit=CANDIDATES, cursor=cursor, read=read_records)


def _has(word: str) -> ColumnElement[bool]:
    return or_(
        has_word(COLUMNS.name, word),
        has_word(COLUMNS.benchmark, word),
        has_word(COLUMNS.model, word),
        has_word(COLUMNS.protocol, word),
        has_word(cast(COLUMNS.tags, String), in_json(word)),
        COLUMNS.id.endswith(word.lower(), autoescape=True),
    )
