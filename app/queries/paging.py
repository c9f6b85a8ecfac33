"""Keyset paging: a cursor names the last row seen, not an offset.

So a page costs the same at any depth, and rows that arrive meanwhile shift nothing.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import KeyedColumnElement

from app.db import UtcDateTime, db
from app.errors import Invalid

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
_MAX_CURSOR_LENGTH = 600

Row = TypeVar("Row")
Position = tuple[Any, ...]
"""The values of a row's sort keys."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a list and the cursor of the next ones."""

    items: Sequence[Row]
    next_cursor: str | None
    total: int | None


@dataclass(frozen=True, slots=True)
class SortKey:
    """One column of a sort order; the last one must be unique and never NULL.

    Rows without a value are the last ones, whichever the direction: the column is ``nullable``.
    """

    column: InstrumentedAttribute[Any] | KeyedColumnElement[Any]
    descending: bool = False
    nullable: bool = False


def encode_cursor(position: Iterable[object]) -> str:
    """Return the opaque cursor of a position, the values of the sort keys of a row."""
    values = [_to_json(value) for value in position]
    text = json.dumps(values, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str, length: int) -> Position:
    """Return the position of a cursor with ``length`` values.

    Raises:
        Invalid: It is not a cursor of this list.
    """
    try:
        if len(cursor) > _MAX_CURSOR_LENGTH:
            raise ValueError("too long")
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if not isinstance(values, list) or len(values) != length:
            raise ValueError("another list's")
        return tuple(_from_json(value) for value in values)
    except (ValueError, binascii.Error, OverflowError, RecursionError):
        raise _foreign_cursor() from None


def _foreign_cursor() -> Invalid:
    return Invalid(
        "The cursor is not valid.",
        code="invalid_cursor",
        action="Pass the next_cursor of the same list unchanged, or leave it out.",
        fields={"cursor": ["This is not a cursor of this list."]},
    )


def _to_json(value: object) -> object:
    return {"t": value.isoformat()} if isinstance(value, datetime) else value


def _from_json(value: object) -> Any:
    if isinstance(value, dict) and set(value) == {"t"}:
        moment = datetime.fromisoformat(str(value["t"]))
        if moment.tzinfo is None:
            raise ValueError("no zone")
        return moment.astimezone(UTC)
    if isinstance(value, bool) or not isinstance(value, str | int | float | None):
        raise ValueError("no key")
    if isinstance(value, str) and "\x00" in value:
        raise ValueError("no key")
    if isinstance(value, str):
        value.encode()  # a ValueError for half of a surrogate pair, which no database takes
    if isinstance(value, int) and abs(value) > 2**62:
        raise ValueError("no key")
    return value


def after(keys: Sequence[SortKey], position: Sequence[Any]) -> ColumnElement[bool]:
    """Return the condition for the rows after ``position``."""
    choices: list[ColumnElement[bool]] = []
    for index, key in enumerate(keys):
        value = position[index]
        if value is None:
            continue  # nothing comes after what has no value, but by the keys that follow
        further = key.column < value if key.descending else key.column > value
        if key.nullable:
            further = or_(further, key.column.is_(None))
        same = [earlier.column == position[number] for number, earlier in enumerate(keys[:index])]
        choices.append(and_(*same, further))
    return or_(*choices)


def order_of(keys: Sequence[SortKey]) -> list[ColumnElement[Any]]:
    """Return what to order by."""
    return [_in_order(key) for key in keys]


def _in_order(key: SortKey) -> ColumnElement[Any]:
    order = key.column.desc() if key.descending else key.column.asc()
    return order.nulls_last() if key.nullable else order


def _entities(query: Select[Any]) -> list[Any]:
    return list(db.session.scalars(query))


def read_page(
    query: Select[Any],
    keys: Sequence[SortKey],
    *,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
    count: Callable[[], int] | None = None,
    read: Callable[[Select[Any]], list[Any]] = _entities,
) -> Page[Any]:
    """Return the page of ``query`` (of one entity) that starts after ``cursor``.

    Args:
        query: Filtered, not ordered.
        keys: The order; the last one unique.
        limit: Rows per page, 1 to 200.
        cursor: From the page before; ``None`` for the first.
        count: Counts the rows that the filter selects, for ``total``; not asked where the page
            is the whole list.
        read: Runs the query; what it returns has the sort keys as attributes.

    Raises:
        Invalid: The cursor is not one of this list.
    """
    limit = max(1, min(limit, MAX_LIMIT))
    page_query = query.order_by(*order_of(keys)).limit(limit + 1)
    if cursor:
        page_query = page_query.where(after(keys, _checked(keys, cursor)))
    rows = read(page_query)
    total = None
    if count is not None:
        total = count() if cursor or len(rows) > limit else len(rows)
    return first_of(rows, total, keys, limit)


def first_of(
    rows: Sequence[Any], total: int | None, keys: Sequence[SortKey], limit: int
) -> Page[Any]:
    """Return the first ``limit`` rows as a page; a further row means that there are more."""
    next_cursor = None
    if len(rows) > limit:
        rows = rows[:limit]
        next_cursor = encode_cursor(getattr(rows[-1], key.column.key) for key in keys)
    return Page(rows, next_cursor, total)


def search_page(
    query: Select[Any],
    keys: Sequence[SortKey],
    *,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
    read: Callable[[Select[Any]], list[Any]] = _entities,
) -> Page[Any]:
    """Like `read_page`, including ``total``, for filters without an index.

    It is tried on each row once. Page and count on their own would both go through long texts,
    the page too if matches are rare, or if the database only thinks so.
    """
    limit = max(1, min(limit, MAX_LIMIT))
    found = query.with_only_columns(*(key.column for key in keys)).cte("found")
    found_keys = [
        SortKey(found.columns[key.column.key], key.descending, key.nullable) for key in keys
    ]
    number = select(func.count()).select_from(found).scalar_subquery()
    page_query = select(number, *(key.column for key in found_keys))
    if cursor:
        page_query = page_query.where(after(found_keys, _checked(keys, cursor)))
    positions = db.session.execute(
        page_query.order_by(*order_of(found_keys)).limit(limit + 1)
    ).all()
    if not positions:
        return Page([], None, db.session.scalar(select(number)) if cursor else 0)
    shown = positions[:limit]
    rows = read(
        query.where(keys[-1].column.in_([position[-1] for position in shown])).order_by(
            *order_of(keys)
        )
    )
    more = len(positions) > limit
    return Page(rows, encode_cursor(shown[-1][1:]) if more else None, shown[0][0])


def _checked(keys: Sequence[SortKey], cursor: str) -> Position:
    position = decode_cursor(cursor, len(keys))
    for key, value in zip(keys, position, strict=True):
        if value is None and key.nullable:
            continue
        column = key.column.type
        wanted = datetime if isinstance(column, UtcDateTime) else column.python_type
        if not isinstance(value, (int, float) if wanted is float else wanted):
            raise _foreign_cursor()
    return position


def page_of(
    items: Sequence[Row],
    key: Callable[[Row], str],
    *,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Row]:
    """Return a page of a list in memory, whose ``key`` is unique and whose order is fixed.

    A cursor whose row has gone goes on at the start.

    Raises:
        Invalid: The cursor is not one of this list.
    """
    limit = max(1, min(limit, MAX_LIMIT))
    start = 0
    if cursor:
        (last,) = decode_cursor(cursor, 1)
        start = next((at + 1 for at, item in enumerate(items) if key(item) == last), 0)
    rows = items[start : start + limit]
    more = start + limit < len(items)
    return Page(rows, encode_cursor([key(rows[-1])]) if more else None, len(items))
