"""Lists of a run's samples, and the place of one in them; the caller has checked the account."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, Text, and_, cast, func, or_, select

from app.db import db
from app.engine.questions import PromptShape, preview_of
from app.errors import Invalid
from app.models import Run, SampleRow
from app.queries.ended_runs import ended_runs
from app.queries.paging import Page, SortKey, encode_cursor, order_of, read_page, search_page
from app.queries.runs import in_json
from app.queries.sample_batches import Batch, read_batch
from app.queries.sample_marks import KINDS, is_marked
from app.queries.samples import ROW_ONLY
from app.queries.word_search import check_search, has_word

ORDER = (SortKey(SampleRow.position), SortKey(SampleRow.epoch), SortKey(SampleRow.id))
"""The benchmark's order, with the epochs of a question together."""
PAGE_SIZE = 50
MAX_NUMBER = 2**31 - 1
_QUESTION_CHARS = 400

_SORTED_BY: dict[str, ColumnElement[Any]] = {
    "score": SampleRow.score.expression,
    "latency": SampleRow.latency_ms.expression,
    "output_tokens": SampleRow.output_tokens.expression,
    "cost": SampleRow.cost_usd.expression,
    "length": func.length(SampleRow.completion, type_=Integer),
}
SORTS = ("position", *_SORTED_BY)
"""What a list can be sorted by; ``length`` is the answer's in characters."""
PLACES = ("question", "answer", "target")
"""Where a text can be looked for."""


@dataclass(frozen=True, slots=True)
class SampleFilter:
    """Which samples of a run are wanted, in which order; empty fields do not restrict.

    Attributes:
        outcome: One or several, comma-separated.
        category: One.
        q: A text in question, answer or target, or a sample's id.
        place: One of ``PLACES``, to look for ``q`` only there.
        error_code: Samples that ended in this error.
        min_latency_ms: The fastest.
        max_latency_ms: The slowest.
        min_tokens: The fewest output tokens.
        max_tokens: The most.
        mark: What a reader noted, one of ``KINDS`` of marks.
        sort: One of ``SORTS``, with a minus before it for the highest first; what has no such
            value comes last in both.
    """

    outcome: str = ""
    category: str = ""
    q: str = ""
    place: str = ""
    error_code: str = ""
    min_latency_ms: int | None = None
    max_latency_ms: int | None = None
    min_tokens: int | None = None
    max_tokens: int | None = None
    mark: str = ""
    sort: str = ""

    @property
    def active(self) -> bool:
        """Whether anything is filtered; an order leaves nothing out."""
        return self != SampleFilter(sort=self.sort, place=self.place)

    @property
    def is_sorted(self) -> bool:
        """Whether the order is another than the benchmark's."""
        return self.sort.removeprefix("-") not in ("", "position")

    @property
    def goes_through_all(self) -> bool:
        """Whether there is no index for it: it is read as a search is, each row once."""
        return bool(self.q) or self.is_sorted

    def arguments(self) -> dict[str, Any]:
        """Return the filter as the arguments of an address; the default says nothing."""
        default = SampleFilter()
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in given.items() if value != getattr(default, name)}


def keys_of(wanted: SampleFilter) -> tuple[SortKey, ...]:
    """Return the keys of an order.

    Raises:
        Invalid: There is no such order.
    """
    name, down = wanted.sort.removeprefix("-"), wanted.sort.startswith("-")
    _check("sort", name, SORTS)
    _check("place", wanted.place, PLACES)
    _check("mark", wanted.mark, KINDS)
    if not wanted.is_sorted:
        position, epoch, row_id = ORDER
        return (SortKey(position.column, down), epoch, row_id)
    column = _SORTED_BY[name]
    # Cursors cannot stand behind NULL.
    value = func.coalesce(column, -1 if down else MAX_NUMBER, type_=column.type).label("sort_value")
    return (SortKey(value, down), *ORDER)


def _check(name: str, value: str, allowed: Sequence[str]) -> None:
    if value and value not in allowed:
        raise Invalid(
            f"There is no such {name}.", fields={name: [f"One of: {', '.join(allowed)}."]}
        )


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
        Invalid: The cursor is not one of this list, or the search is too long.
    """
    keys = keys_of(wanted)
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

    if wanted.goes_through_all:
        page = search_page(query, keys, limit=limit, cursor=cursor, read=read)
    else:
        page = read_page(query, keys, limit=limit, cursor=cursor, count=count, read=read)
    if not batches or not batches[-1].is_cut or len(page.items) < len(batches[-1].rows):
        return page
    return Page(
        page.items,
        _cursor_of(page.items[-1].id, keys),
        page.total if wanted.goes_through_all else count(),
    )


def _cursor_of(row_id: int, keys: Sequence[SortKey]) -> str:
    """Return the cursor behind a row."""
    values = select(*(key.column for key in keys)).where(SampleRow.id == row_id)
    return encode_cursor(db.session.execute(values).one())


def _conditions(wanted: SampleFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.outcome:
        found.append(SampleRow.outcome.in_(wanted.outcome.split(",")))
    if wanted.category:
        found.append(SampleRow.category == wanted.category)
    if wanted.error_code:
        found.append(SampleRow.outcome == "error")
        found.append(SampleRow.error["code"].as_string() == wanted.error_code)
    found += _ranges(wanted)
    if wanted.mark:
        found.append(is_marked(wanted.mark))
    if wanted.q:
        check_search(wanted.q)
        found.append(_has_text(wanted.q, wanted.place))
    return found


def _ranges(wanted: SampleFilter) -> list[ColumnElement[bool]]:
    lowest = (
        (SampleRow.latency_ms, wanted.min_latency_ms),
        (SampleRow.output_tokens, wanted.min_tokens),
    )
    highest = (
        (SampleRow.latency_ms, wanted.max_latency_ms),
        (SampleRow.output_tokens, wanted.max_tokens),
    )
    return [
        *(column >= value for column, value in lowest if value is not None),
        *(column <= value for column, value in highest if value is not None),
    ]


def _has_text(text: str, place: str) -> ColumnElement[bool]:
    in_place = {
        "question": [
            has_word(SampleRow.question, text),
            # Only where the prompt is nothing but the question: examples and instructions
            # are the same in hundreds of samples.
            and_(
                SampleRow.question.is_(None),
                has_word(cast(SampleRow.input, Text), in_json(text)),
            ),
        ],
        "answer": [has_word(SampleRow.completion, text), has_word(SampleRow.answer, text)],
        "target": [has_word(cast(SampleRow.target, Text), in_json(text))],
    }
    if place:
        return or_(*in_place[place])
    return or_(
        SampleRow.sample_id == text,
        *in_place["answer"],
        *in_place["target"],
        *in_place["question"],
    )


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
        page: The ids of that page's rows, in order.
    """

    number: int
    total: int
    before: SampleKey | None
    after: SampleKey | None
    cursor: str | None
    page: Sequence[int]


def place_of(run: Run, row: SampleRow, wanted: SampleFilter) -> PlaceInList:
    """Return the place of a run's sample among those that are wanted.

    It is among them itself also where it no longer fits, as an error that was asked again.
    """
    keys = keys_of(wanted)
    if wanted.mark:  # changes also after a run's end
        ids = _listed_ids([run.id], wanted=wanted)
    else:
        ids = ended_runs.read(_listed_ids, [run], wanted=wanted)
    if row.id not in ids:
        ids = _listed_ids([run.id], wanted=wanted, also=row.id)
    at = ids.index(row.id)
    start = at - at % PAGE_SIZE
    beside = {"before": ids[at - 1] if at else 0, "after": ids[at + 1] if at + 1 < len(ids) else 0}
    found = {
        row_id: SampleKey(sample_id, epoch)
        for row_id, sample_id, epoch in db.session.execute(
            select(SampleRow.id, SampleRow.sample_id, SampleRow.epoch).where(
                SampleRow.id.in_(beside.values())
            )
        )
    }
    return PlaceInList(
        at + 1,
        len(ids),
        before=found.get(beside["before"]),
        after=found.get(beside["after"]),
        cursor=_cursor_of(ids[start - 1], keys) if start else None,
        page=ids[start : start + PAGE_SIZE],
    )


def _listed_ids(
    run_ids: Sequence[str], *, wanted: SampleFilter, also: int | None = None
) -> Sequence[int]:
    """Return the samples of one run that are wanted, in order, with one whether it is or not."""
    (run_id,) = run_ids
    listed = select(SampleRow.id).where(SampleRow.run_id == run_id)
    if fits := _conditions(wanted):
        listed = listed.where(or_(SampleRow.id == also, and_(*fits)) if also else and_(*fits))
    # Windows of SQL take ten times as long as the plain list, which an index has.
    return array("q", db.session.scalars(listed.order_by(*order_of(keys_of(wanted)))))


def short_rows(row_ids: Sequence[int], shape: PromptShape) -> list[dict[str, Any]]:
    """Return what a narrow list shows of its rows, in their order."""
    question = func.substr(SampleRow.question, 1, _QUESTION_CHARS)
    rows = {
        row.id: row
        for row in db.session.execute(
            select(
                SampleRow.id,
                SampleRow.sample_id,
                SampleRow.epoch,
                SampleRow.outcome,
                SampleRow.latency_ms,
                question.label("question"),
            ).where(SampleRow.id.in_(row_ids))
        )
    }
    without = [row.id for row in rows.values() if row.question is None]
    prompts = select(SampleRow).where(SampleRow.id.in_(without)).options(*ROW_ONLY)
    whole = {row.id: row.input for row in read_batch(prompts).rows} if without else {}
    return [
        {
            "sample_id": row.sample_id,
            "epoch": row.epoch,
            "outcome": row.outcome,
            "latency_ms": row.latency_ms,
            "preview": preview_of(row.question or shape.question_in(whole.get(row.id, []))),
        }
        for row in (rows[row_id] for row_id in row_ids if row_id in rows)
    ]
