"""Lists of a run's samples, and the place of one in them; the caller has checked the account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, cast, func, or_, select

from app.db import db
from app.models import SampleRow
from app.queries.paging import Page, SortKey, encode_cursor, order_of, read_page, search_page
from app.queries.runs import in_json
from app.queries.sample_batches import Batch, read_batch
from app.queries.samples import ROW_ONLY
from app.queries.word_search import has_word

ORDER = (SortKey(SampleRow.position), SortKey(SampleRow.epoch), SortKey(SampleRow.id))
"""The benchmark's order, with the epochs of a question together."""
PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class SampleFilter:
    """Which samples of a run are wanted; empty fields do not restrict."""

    outcome: str = ""
    category: str = ""
    q: str = ""
    error_code: str = ""

    @property
    def active(self) -> bool:
        """Whether anything is filtered."""
        return self != SampleFilter()


def list_samples(
    run_id: str,
    wanted: SampleFilter,
    *,
    limit: int = PAGE_SIZE,
    cursor: str | None = None,
    rows_only: bool = False,
) -> Page[SampleRow]:
    """Return a page of a run's samples in the benchmark's order; fewer where they are long.

    Args:
        run_id: The run.
        wanted: Which of its samples.
        limit: Most rows of the page.
        cursor: From the page before; ``None`` for the first.
        rows_only: Read what `row_view` shows, and not the answers as a whole.

    Raises:
        Invalid: The cursor is not one of this list.
    """
    selected = select(SampleRow).where(SampleRow.run_id == run_id)
    fits = _conditions(wanted)
    query = (selected.options(*ROW_ONLY) if rows_only else selected).where(*fits)
    batches: list[Batch] = []

    def read(page_query: Select[Any]) -> list[SampleRow]:
        batches.append(read_batch(page_query))
        return batches[-1].rows

    def count() -> int:
        counted = select(func.count()).select_from(SampleRow).where(SampleRow.run_id == run_id)
        return db.session.scalar(counted.where(*fits)) or 0

    if wanted.q:
        page = search_page(query, ORDER, limit=limit, cursor=cursor, read=read)
    else:
        page = read_page(query, ORDER, limit=limit, cursor=cursor, count=count, read=read)
    if not batches or not batches[-1].is_cut or len(page.items) < len(batches[-1].rows):
        return page
    last = page.items[-1]
    return Page(
        page.items,
        encode_cursor([last.position, last.epoch, last.id]),
        page.total if wanted.q else count(),
    )


def _conditions(wanted: SampleFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.outcome:
        found.append(SampleRow.outcome.in_(wanted.outcome.split(",")))
    if wanted.category:
        found.append(SampleRow.category == wanted.category)
    if wanted.error_code:
        found.append(SampleRow.outcome == "error")
        found.append(SampleRow.error["code"].as_string() == wanted.error_code)
    if wanted.q:
        found.append(
            or_(
                SampleRow.sample_id == wanted.q,
                has_word(SampleRow.completion, wanted.q),
                has_word(SampleRow.answer, wanted.q),
                has_word(cast(SampleRow.target, Text), in_json(wanted.q)),
                has_word(SampleRow.question, wanted.q),
                # Only where the prompt is nothing but the question: examples and instructions
                # are the same in hundreds of samples.
                and_(
                    SampleRow.question.is_(None),
                    has_word(cast(SampleRow.input, Text), in_json(wanted.q)),
                ),
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class SampleKey:
    """Which answer of a run: its sample and epoch."""

    sample_id: str
    epoch: int


@dataclass(frozen=True, slots=True)
class PlaceInList:
    """Where a sample stands in a list.

    Attributes:
        number: From 1.
        total: Length of the list.
        before: The one before; ``None`` at the start.
        after: The one after; ``None`` at the end.
        cursor: Of the page of ``PAGE_SIZE`` that has it; ``None``: the first.
    """

    number: int
    total: int
    before: SampleKey | None
    after: SampleKey | None
    cursor: str | None


def place_of(row: SampleRow, wanted: SampleFilter) -> PlaceInList:
    """Return the place of a sample among those that are wanted.

    It is among them itself also where it no longer fits, as an error that was asked again.
    """
    fits = _conditions(wanted)
    listed = select(SampleRow.id).where(SampleRow.run_id == row.run_id).order_by(*order_of(ORDER))
    if fits:
        listed = listed.where(or_(SampleRow.id == row.id, and_(*fits)))
    # Windows of SQL take ten times as long as the plain list, which an index has.
    ids = db.session.scalars(listed).all()
    at = ids.index(row.id)
    before = ids[at - 1] if at else None
    after = ids[at + 1] if at + 1 < len(ids) else None
    page_ends = ids[at - at % PAGE_SIZE - 1] if at >= PAGE_SIZE else None
    keys = {
        each.id: each
        for each in db.session.execute(
            select(SampleRow.id, SampleRow.position, SampleRow.epoch, SampleRow.sample_id).where(
                SampleRow.id.in_([each for each in (before, after, page_ends) if each is not None])
            )
        )
    }

    def key_of(row_id: int | None) -> SampleKey | None:
        return SampleKey(keys[row_id].sample_id, keys[row_id].epoch) if row_id in keys else None

    last = keys.get(page_ends)
    return PlaceInList(
        at + 1,
        len(ids),
        before=key_of(before),
        after=key_of(after),
        cursor=encode_cursor([last.position, last.epoch, last.id]) if last else None,
    )
