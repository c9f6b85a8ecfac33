"""Which samples a run takes: nested parts that stand for the whole."""

from __future__ import annotations

from collections import Counter

import pytest

from app.engine.datasets.selection import Order, SampleIndex, Selection, random_part
from app.engine.engine_errors import DatasetError
from app.engine.types import Sample

SIZES = {"business": 300, "law": 150, "physics": 45, "history": 5}


@pytest.fixture
def index() -> SampleIndex:
    """An index of 500 samples, sorted by category."""
    index = SampleIndex()
    for category, size in SIZES.items():
        for number in range(size):
            index.add(f"{category}-{number}", category)
    return index


def choose(index: SampleIndex, limit: int | None, order: Order, seed: int = 0) -> list[int]:
    return list(Selection(limit, order, seed).choose(index))


def categories(index: SampleIndex, places: list[int]) -> list[int]:
    counts = Counter(index.category(place) for place in places)
    return [counts[number] for number in range(len(SIZES))]


def test_the_first_ones_are_those_that_come_first(index: SampleIndex) -> None:
    assert choose(index, 3, "first") == [0, 1, 2]
    assert choose(index, None, "first") == list(range(500))
    assert choose(index, 900, "first") == list(range(500))


@pytest.mark.parametrize("order", ["random", "stratified"])
def test_a_smaller_part_is_within_a_larger_one(index: SampleIndex, order: Order) -> None:
    every = choose(index, None, order)
    assert sorted(every) == list(range(500))
    for limit in (1, 30, 200, 499):
        assert choose(index, limit, order) == every[:limit]


@pytest.mark.parametrize("seed", [0, 7])
def test_one_pass_finds_the_same_random_part(seed: int) -> None:
    samples = [Sample(f"s{number}", (), target="") for number in range(500)]
    index = SampleIndex()
    for sample in samples:
        index.add(sample.id, None)
    chosen = choose(index, 40, "random", seed)
    assert random_part(samples, 40, seed) == [samples[place] for place in chosen]


@pytest.mark.parametrize("order", ["random", "stratified"])
def test_a_seed_names_a_part(index: SampleIndex, order: Order) -> None:
    assert choose(index, 30, order, seed=7) == choose(index, 30, order, seed=7)
    assert set(choose(index, 30, order)) != set(choose(index, 30, order, seed=7))


def test_a_random_part_has_samples_of_all_places(index: SampleIndex) -> None:
    business, law, physics, _ = categories(index, choose(index, 100, "random"))
    assert 45 <= business <= 75
    assert 15 <= law <= 45
    assert physics >= 3


@pytest.mark.parametrize("limit", [10, 50, 100, 250])
def test_a_stratified_part_has_each_category_with_its_share(index: SampleIndex, limit: int) -> None:
    found = categories(index, choose(index, limit, "stratified"))
    for count, size in zip(found, SIZES.values(), strict=True):
        assert abs(count - size * limit / 500) <= 1
    assert len(set(choose(index, limit, "stratified")) - set(range(limit))) > limit / 4


def test_a_stratified_part_of_equal_categories_takes_each_once_before_any_twice() -> None:
    index = SampleIndex()
    for number in range(570):
        index.add(str(number), f"subject {number % 57}")
    chosen = choose(index, 57, "stratified")
    assert len({index.category(place) for place in chosen}) == 57


def test_samples_without_categories_are_stratified_at_random() -> None:
    index = SampleIndex()
    for number in range(100):
        index.add(str(number), None)
    assert choose(index, 9, "stratified") == choose(index, 9, "random")


def test_an_id_has_its_place_whatever_else_the_benchmark_holds(index: SampleIndex) -> None:
    """So that two protocols, or two versions, of a benchmark mostly ask the same samples."""
    grown = SampleIndex()
    for category, size in SIZES.items():
        for number in range(size):
            grown.add(f"{category}-{number}", category)
        grown.add(f"{category}-new", category)
    names = [f"{category}-{n}" for category, size in SIZES.items() for n in range(size)]
    grown_names = [
        f"{category}-{n}" for category, size in SIZES.items() for n in (*range(size), "new")
    ]
    before = [names[place] for place in choose(index, 100, "random")]
    after = [grown_names[place] for place in choose(grown, 104, "random")]
    assert len(set(before) & set(after)) >= 96


def test_chosen_samples_come_in_the_benchmark_s_order_or_in_another(index: SampleIndex) -> None:
    ids = ("law-3", "business-7", "physics-0")
    assert Selection(ids=ids).choose(index) == [7, 303, 450]
    mixed = Selection(ids=ids, order="random").choose(index)
    assert sorted(mixed) == [7, 303, 450]
    assert list(Selection(2, "random", ids=ids).choose(index)) == list(mixed)[:2]


def test_an_unknown_id_is_named(index: SampleIndex) -> None:
    ids = ("law-3", *(f"nobody-{number}" for number in range(9)))
    with pytest.raises(DatasetError, match=r"nobody-0, .*nobody-4 and 4 more") as caught:
        Selection(ids=ids).choose(index)
    assert caught.value.code == "sample_unknown"
