"""Scores of several runs, paired by sample."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from app.db import transaction
from app.models import Run, SampleRow
from app.queries import runs
from app.queries.flips import flip_views
from app.queries.paired_scores import different_answers, have_questions, pair_scores
from app.services.accounts.accounts import Account
from tests.run_fixtures import add_run, add_samples


@pytest.fixture
def scored(app_context: Flask, owner: Account) -> Any:
    """Makes a run of such samples: ``scored([("s0", 1.0), ("s1", None)])``."""

    def make(samples: Sequence[tuple[str, float | None]], **columns: Any) -> Run:
        run_id = add_run(owner.id, status="completed")
        add_samples(
            run_id,
            *[{"sample_id": sample_id, "score": score, **columns} for sample_id, score in samples],
        )
        return runs.get_run(run_id, owner.id)

    return make


def test_each_combination_is_counted_and_each_pair_of_runs_has_its_own_samples(
    scored: Any,
) -> None:
    a = scored([("x", 1.0), ("y", 0.0), ("z", None), ("only", 1.0)])
    b = scored([("z", 1.0), ("y", 1.0), ("x", 1.0)])
    c = scored([("x", 0.5), ("z", 0.25)])
    paired = pair_scores([a.id, b.id, c.id])
    assert paired.counts == {
        (1.0, 1.0, 0.5): 1,
        (0.0, 1.0, None): 1,
        (1.0, None, None): 1,
        (None, 1.0, 0.25): 1,
    }
    assert paired.common() == 1
    assert paired.pairs(0, 1) == {(1.0, 1.0): 1, (0.0, 1.0): 1}
    assert paired.pairs(1, 2) == {(1.0, 0.5): 1, (1.0, 0.25): 1}
    assert paired.chosen(1, "flipped") == ["y"]


def test_ids_whose_question_changed_are_not_paired_where_questions_count(scored: Any) -> None:
    a = scored([("1", 1.0)], question="1 + 1?")
    b = scored([("1", 0.0)], question="1 + 2?")
    c = scored([("1", 0.0)], question="1 + 1?")
    by_id, by_question = (
        pair_scores([a.id, b.id, c.id], by_question=each) for each in (False, True)
    )
    assert [each.chosen(1, "flipped") for each in (by_id, by_question)] == [["1"], []]
    assert by_question.pairs(0, 2) == {(1.0, 0.0): 1}
    assert pair_scores([a.id, c.id], by_question=True).chosen(1, "flipped") == ["1"]
    assert have_questions([a.id, b.id, c.id])
    assert not have_questions([a.id, scored([("1", 1.0)]).id])


def test_samples_that_flip_come_in_the_first_runs_order(scored: Any) -> None:
    names = ["d", "b", "c", "a"]
    a = scored([(name, 0.0) for name in names])
    b = scored([(name, 1.0) for name in sorted(names)])
    assert pair_scores([a.id, b.id]).chosen(1, "flipped") == names


def test_a_score_is_the_mean_of_its_epochs_also_where_another_run_has_one(scored: Any) -> None:
    a = scored([("x", 1.0)])
    b = scored([("y", 1.0), ("x", 0.0)])
    add_samples(b.id, {"sample_id": "x", "epoch": 2, "score": 1.0})
    paired = pair_scores([a.id, b.id])
    assert paired.counts == {(1.0, 0.5): 1, (None, 1.0): 1}
    assert not paired.all_are_common()


def test_pairing_takes_little_memory_for_each_further_run(scored: Any) -> None:
    """Each had a dict with its own copies of the ids: 160 bytes for a sample, where 8 suffice."""
    names = [f"a-sample-with-a-long-name-{number:06}" for number in range(4_000)]
    ids = [scored([(name, 1.0) for name in names]).id for _ in range(4)]
    pair_scores(ids)
    tracemalloc.start()
    try:
        paired = pair_scores(ids)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert paired.common() == 4_000
    assert kept < 4_000 * 300


def test_the_question_is_taken_from_a_run_that_has_it_and_read_once(scored: Any) -> None:
    a = scored([("x", 0.0)], epoch=2, category="of a")  # its first epoch was skipped
    b = scored([("x", 1.0)], category="of b")
    (flip,) = flip_views([a, b], ["x"])
    assert (flip["category"], flip["preview"], flip["target"]) == ("of b", "question 0", "4")
    assert [cell["outcome"] for cell in flip["cells"]] == [None, "correct"]
    (swapped,) = flip_views([b, a], ["x"])
    assert [cell["run_id"] for cell in swapped["cells"]] == [b.id, a.id]
    assert flip_views([a, b], []) == []


@pytest.mark.parametrize(
    ("show", "expected"),
    [
        ("flipped", "v w"),
        ("worse", "v"),
        ("better", "w"),
        ("both_wrong", "x y"),
        ("different", "w y"),
        ("all", "v w x y"),
    ],
)
def test_samples_are_listed_by_how_two_runs_scored_them(
    scored: Any, show: str, expected: str
) -> None:
    a = scored([("v", 1.0), ("w", 0.0), ("x", 0.0), ("y", 0.25), ("only", 1.0)])
    b = scored([("y", 0.25), ("x", 0.0), ("w", 1.0), ("v", 0.0), ("z", None)])
    with transaction() as session:
        session.execute(
            update(SampleRow)
            .where(SampleRow.run_id == b.id, SampleRow.sample_id.in_(["w", "y"]))
            .values(answer=None)
        )
    different = different_answers([a.id, b.id])
    paired = pair_scores([a.id, b.id])
    assert " ".join(paired.chosen(1, show, different=different)) == expected
    assert paired.chosen(1, show, category="none has it") == []


def test_pairs_are_counted_within_each_category(app_context: Flask, owner: Account) -> None:
    ids = [add_run(owner.id), add_run(owner.id)]
    for run_id, scores in zip(ids, ([1.0, 0.0, 1.0], [0.0, 0.0, 1.0]), strict=True):
        rows = zip(scores, ("b", "a", None), strict=True)
        add_samples(run_id, *[{"score": score, "category": name} for score, name in rows])
    paired = pair_scores(ids)
    assert paired.pairs_by_category(0, 1) == {"a": {(0.0, 0.0): 1}, "b": {(1.0, 0.0): 1}}
    assert list(paired.pairs_by_category(0, 1)) == ["a", "b"]
    assert paired.chosen(1, "all", category="a") == ["s1"]
