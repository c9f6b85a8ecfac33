"""Pages by keyset."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select

from app.db import transaction
from app.errors import Invalid
from app.models import ApiToken
from app.queries.paging import (
    SortKey,
    decode_cursor,
    encode_cursor,
    page_of,
    read_page,
    search_page,
)

NEWEST_FIRST = (
    SortKey(ApiToken.created_at, descending=True),
    SortKey(ApiToken.id, descending=True),
)
START = datetime(2026, 1, 1, 12, 0, 0, 123457, tzinfo=UTC)


@pytest.fixture
def rows(app_context, owner):
    with transaction() as session:
        for number in range(25):
            session.add(
                ApiToken(
                    user_id=owner.id,
                    name=f"{number}",
                    token_hash=f"{number}",
                    hint="",
                    scopes=["read"],
                    # Five rows share each time, so that the second key has to decide.
                    created_at=START + timedelta(seconds=number // 5),
                )
            )
    return owner


def _walk(limit: int) -> list[str]:
    names: list[str] = []
    cursor = None
    while True:
        page = read_page(select(ApiToken), NEWEST_FIRST, limit=limit, cursor=cursor)
        names.extend(row.name for row in page.items)
        assert len(page.items) <= limit
        cursor = page.next_cursor
        if cursor is None:
            return names


@pytest.mark.parametrize("limit", [1, 3, 5, 24, 25, 26, 200])
@pytest.mark.usefixtures("rows")
def test_all_pages_together_are_the_list_in_order(limit):
    assert _walk(limit) == [str(number) for number in reversed(range(25))]


def test_rows_that_arrive_meanwhile_shift_nothing(rows):
    first = read_page(select(ApiToken), NEWEST_FIRST, limit=5)
    with transaction() as session:
        session.add(
            ApiToken(user_id=rows.id, name="late", token_hash="late", hint="", scopes=["read"])
        )
    second = read_page(select(ApiToken), NEWEST_FIRST, limit=5, cursor=first.next_cursor)
    assert [row.name for row in second.items] == ["19", "18", "17", "16", "15"]


@pytest.mark.parametrize("limit", [1, 3, 5, 24, 25, 26, 200])
@pytest.mark.usefixtures("rows")
def test_pages_of_a_search_are_the_same_pages_and_know_how_many_there_are(limit):
    cursor = None
    while True:
        read = read_page(select(ApiToken), NEWEST_FIRST, limit=limit, cursor=cursor)
        found = search_page(select(ApiToken), NEWEST_FIRST, limit=limit, cursor=cursor)
        assert [row.name for row in found.items] == [row.name for row in read.items]
        assert (found.next_cursor, found.total) == (read.next_cursor, 25)
        cursor = found.next_cursor
        if cursor is None:
            return


def test_a_search_that_finds_nothing_or_has_no_more_still_counts(rows):
    last = search_page(select(ApiToken), NEWEST_FIRST, limit=24)
    with transaction() as session:
        session.execute(delete(ApiToken).where(ApiToken.name == "0"))
    behind = search_page(select(ApiToken), NEWEST_FIRST, limit=24, cursor=last.next_cursor)
    assert (behind.items, behind.next_cursor, behind.total) == ([], None, 24)
    nothing = search_page(select(ApiToken).where(ApiToken.name == "none"), NEWEST_FIRST)
    assert (nothing.items, nothing.next_cursor, nothing.total) == ([], None, 0)


def test_rows_are_only_counted_where_the_page_is_not_all_of_them(rows):
    asked = []

    def count():
        asked.append(1)
        return 25

    whole = read_page(select(ApiToken), NEWEST_FIRST, limit=25, count=count)
    assert (whole.total, len(asked)) == (25, 0)
    first = read_page(select(ApiToken), NEWEST_FIRST, limit=24, count=count)
    assert (first.total, len(asked)) == (25, 1)
    last = read_page(select(ApiToken), NEWEST_FIRST, cursor=first.next_cursor, count=count)
    assert (len(last.items), last.total, len(asked)) == (1, 25, 2)


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "é",
        "====",
        "A" * 1000,
        encode_cursor([1]),
        encode_cursor(["text", 1]),
        encode_cursor([START, "text"]),
        encode_cursor([START, None]),
        encode_cursor([START, 2**70]),
        encode_cursor([True, 1]),
        "W1tbW1tbW1tb",
    ],
)
@pytest.mark.usefixtures("app_context")
def test_text_that_is_no_cursor_of_the_list_is_refused(cursor):
    with pytest.raises(Invalid) as caught:
        read_page(select(ApiToken), NEWEST_FIRST, cursor=cursor)
    assert caught.value.code == "invalid_cursor"


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_text_that_no_database_takes_is_no_place_in_a_list(text):
    with pytest.raises(Invalid):
        decode_cursor(encode_cursor([text]), 1)


def test_a_cursor_keeps_its_values():
    assert decode_cursor(encode_cursor([START, "a", 1, 2.5]), 4) == (START, "a", 1, 2.5)


def test_a_list_in_memory_has_pages_too():
    items = [str(number) for number in range(7)]
    seen: list[str] = []
    cursor = None
    for _ in range(4):
        page = page_of(items, str, limit=2, cursor=cursor)
        assert page.total == 7
        seen.extend(page.items)
        cursor = page.next_cursor
    assert seen == items
    assert cursor is None
