"""Lists of a run's samples: in every order, restricted in every way, page by page."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.db import now
from app.engine.questions import WHOLE
from app.errors import Invalid
from app.queries import sample_lists as lists
from app.queries.runs import get_run
from app.queries.sample_lists import SampleFilter
from app.queries.samples import get_sample
from app.services.accounts.accounts import Account
from app.services.runs.marks import mark_sample
from tests.run_fixtures import add_run, add_samples


@pytest.fixture
def run_id(app_context: Flask, owner: Account) -> str:
    """A run whose samples differ in everything that lists are sorted and filtered by."""
    run_id = add_run(owner.id)
    rows: list[dict[str, Any]] = [
        {"score": 0.5, "latency_ms": 300, "output_tokens": 7, "completion": "xx"},
        {"score": None, "latency_ms": None, "output_tokens": None, "outcome": "error"},
        {"score": 1.0, "latency_ms": 100, "output_tokens": 9, "completion": "x"},
        {"score": 0.0, "latency_ms": 200, "output_tokens": 7, "completion": "x" * 500},
    ]
    add_samples(
        run_id,
        *[{"question": f"ducks {at}", "target": "geese", **row} for at, row in enumerate(rows)],
    )
    return run_id


def ids(run_id: str, limit: int = 50, **wanted: Any) -> list[str]:
    """Return the ids of all pages of a list."""
    found: list[str] = []
    cursor = None
    while True:
        page = lists.list_samples(run_id, SampleFilter(**wanted), limit=limit, cursor=cursor)
        assert page.total is not None
        found += [row.sample_id for row in page.items]
        cursor = page.next_cursor
        if cursor is None:
            assert page.total == len(found)
            return found


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", "s0 s1 s2 s3"),
        ("-position", "s3 s2 s1 s0"),
        ("score", "s3 s0 s2 s1"),
        ("-score", "s2 s0 s3 s1"),
        ("latency", "s2 s3 s0 s1"),
        ("-latency", "s0 s3 s2 s1"),
        ("output_tokens", "s0 s3 s2 s1"),
        ("-length", "s3 s1 s0 s2"),
    ],
)
@pytest.mark.parametrize("limit", [50, 1])
def test_every_order_goes_through_all_pages_with_what_is_unknown_last(
    run_id: str, sort: str, expected: str, limit: int
) -> None:
    assert " ".join(ids(run_id, limit, sort=sort)) == expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"min_latency_ms": 200}, "s0 s3"),
        ({"max_latency_ms": 200, "min_latency_ms": 150}, "s3"),
        ({"min_tokens": 8}, "s2"),
        ({"max_tokens": 7}, "s0 s3"),
        ({"q": "ducks 2"}, "s2"),
        ({"q": "ducks", "place": "answer"}, ""),
        ({"q": "ducks", "place": "question", "sort": "score"}, "s3 s0 s2 s1"),
        ({"q": "geese", "place": "target", "outcome": "error"}, "s1"),
        ({"q": "geese", "place": "question"}, ""),
    ],
)
def test_filters_by_latency_tokens_and_where_a_text_stands(
    run_id: str, wanted: dict[str, Any], expected: str
) -> None:
    assert " ".join(ids(run_id, **wanted)) == expected
    assert SampleFilter(**wanted).active


@pytest.mark.parametrize("wrong", [{"sort": "x"}, {"place": "x"}, {"mark": "x"}, {"q": "x" * 201}])
def test_what_there_is_not_is_refused(run_id: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        lists.list_samples(run_id, SampleFilter(**wrong))


def test_a_sample_is_read_with_its_place_in_the_order_and_the_list_beside_it(
    run_id: str, owner: Account
) -> None:
    row = get_sample(run_id, "s0", 1)
    place = lists.place_of(
        get_run(run_id, owner.id), row, SampleFilter(sort="-latency", min_tokens=1)
    )
    assert (place.number, place.total, place.before) == (1, 3, None)
    assert place.after == lists.SampleKey("s3", 1)
    beside = lists.short_rows(place.page, WHOLE)
    assert [each["sample_id"] for each in beside] == ["s0", "s3", "s2"]
    assert beside[0]["preview"] == "ducks 0"


def test_the_page_of_a_place_leads_back_to_that_page_of_the_list(
    app_context: Flask, owner: Account
) -> None:
    run_id = add_run(owner.id)
    add_samples(run_id, *[{"latency_ms": at // 2} for at in range(120)])
    wanted = SampleFilter(sort="-latency")
    place = lists.place_of(get_run(run_id, owner.id), get_sample(run_id, "s50", 1), wanted)
    page = lists.list_samples(run_id, wanted, cursor=place.cursor)
    assert [row.id for row in page.items] == list(place.page)
    assert page.items[place.number - 51].sample_id == "s50"
    # The prompt is the question of a row from before questions were kept.
    assert lists.short_rows(place.page[:1], WHOLE)[0]["preview"].startswith("question")


def test_the_places_in_a_list_of_an_ended_run_follow_what_is_marked(
    app_context: Flask, owner: Account
) -> None:
    run_id = add_run(owner.id, status="completed", finished_at=now(), done=3)
    add_samples(run_id, *[{"latency_ms": at} for at in range(3)])
    run, row = get_run(run_id, owner.id), get_sample(run_id, "s0", 1)

    def number(wanted: SampleFilter) -> tuple[int, int]:
        place = lists.place_of(run, row, wanted)
        return place.number, place.total

    for _ in range(2):
        assert number(SampleFilter(sort="-latency")) == (3, 3)
        assert number(SampleFilter(min_latency_ms=1)) == (1, 3)  # itself too, though it is quicker
        assert number(SampleFilter(mark="starred")) == (1, 1)
    mark_sample(run_id, owner.id, "s2", 1, starred=True)
    assert number(SampleFilter(mark="starred")) == (1, 2)


def test_marks_are_found_by_their_kind_and_gone_when_nothing_is_left(
    run_id: str, owner: Account
) -> None:
    mark_sample(run_id, owner.id, "s0", 1, starred=True)
    mark_sample(run_id, owner.id, "s3", 1, to_review=True, note="  odd  ")
    assert ids(run_id, mark="any") == ["s0", "s3"]
    assert ids(run_id, mark="starred") == ["s0"]
    assert ids(run_id, mark="to_review", sort="score") == ["s3"]
    assert mark_sample(run_id, owner.id, "s3", 1, starred=True).note == "odd"
    mark_sample(run_id, owner.id, "s3", 1, starred=False, to_review=False, note="")
    assert ids(run_id, mark="any") == ["s0"]
    assert ids(run_id, mark="noted") == []
