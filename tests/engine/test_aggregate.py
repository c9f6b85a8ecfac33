from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest

from app.engine.aggregate import ScoredRow, running_interval, summarise
from app.engine.statistics.intervals import mean_estimate, wilson
from app.engine.types import Outcome


def row(
    number: int,
    outcome: Outcome,
    score: float | None,
    category: str | None = None,
    epoch: int = 1,
) -> ScoredRow:
    return ScoredRow(f"s{number}", epoch, category, outcome, score)


def rows(right: int, wrong: int) -> list[ScoredRow]:
    return [row(i, Outcome.CORRECT, 1.0) for i in range(right)] + [
        row(right + i, Outcome.INCORRECT, 0.0) for i in range(wrong)
    ]


def test_nothing_scored_is_no_score() -> None:
    assert summarise([]).score is None
    summary = summarise([row(1, Outcome.ERROR, None), row(2, Outcome.ERROR, None)])
    assert summary.score is None
    assert summary.counts[Outcome.ERROR] == 2
    assert summary.counts[Outcome.CORRECT] == 0
    assert summary.breakdown == ()


def test_a_score_states_its_denominator_error_and_interval() -> None:
    score = summarise(rows(30, 10), metric="exact_match").score
    assert score is not None
    assert (score.metric, score.value, score.n, score.bounds) == (
        "exact_match",
        0.75,
        40,
        (0.75, 0.75),
    )
    assert score.ci95 == pytest.approx(wilson(0.75, 40))
    assert score.stderr == pytest.approx((0.75 * 0.25 / 40) ** 0.5)


def test_errors_are_left_out_and_give_bounds() -> None:
    errors = [row(100 + i, Outcome.ERROR, 0.0) for i in range(10)]
    score = summarise([*rows(30, 10), *errors]).score
    assert score is not None
    assert (score.value, score.n) == (0.75, 40)
    assert score.bounds == (30 / 50, 40 / 50)


def test_refused_and_unparsable_answers_score_zero_and_truncated_ones_keep_their_score() -> None:
    summary = summarise(
        [
            row(1, Outcome.REFUSED, None),
            row(2, Outcome.UNPARSABLE, None),
            row(3, Outcome.TRUNCATED, 1.0),
            row(4, Outcome.CORRECT, 1.0),
        ]
    )
    assert summary.score is not None
    assert (summary.score.value, summary.score.n) == (0.5, 4)


def test_an_answer_that_could_not_be_judged_is_not_in_the_denominator() -> None:
    score = summarise([row(1, Outcome.CORRECT, 1.0), row(2, Outcome.PARTIAL, None)]).score
    assert score is not None
    assert score.n == 1


def test_the_breakdown_is_by_category_and_leaves_out_what_has_no_score() -> None:
    summary = summarise(
        [
            row(1, Outcome.CORRECT, 1.0, "law"),
            row(2, Outcome.INCORRECT, 0.0, "law"),
            row(3, Outcome.CORRECT, 1.0, "art"),
            row(4, Outcome.ERROR, None, "history"),
            row(5, Outcome.CORRECT, 1.0, None),
        ]
    )
    assert [(c.key, c.n, c.value) for c in summary.breakdown] == [("art", 1, 1.0), ("law", 2, 0.5)]
    assert summary.breakdown[1].ci95 == pytest.approx(wilson(0.5, 2))


def test_epochs_of_one_sample_are_not_taken_for_independent() -> None:
    repeated = [
        row(i, Outcome.CORRECT if i < 14 else Outcome.INCORRECT, float(i < 14), epoch=epoch)
        for epoch in range(1, 6)
        for i in range(20)
    ]
    clustered = summarise(repeated).score
    naive = summarise(repeated, epochs=1).score
    assert clustered is not None
    assert naive is not None
    assert clustered.value == naive.value == 0.7
    assert clustered.stderr is not None
    assert naive.stderr is not None
    assert clustered.stderr > 2 * naive.stderr


def test_the_running_interval_is_the_final_one_without_epochs() -> None:
    scores = [0.25, 0.5, 1.0, 0.0, 0.75]
    expected = mean_estimate(scores)
    assert expected is not None
    found = running_interval(5, sum(scores), sum(score * score for score in scores))
    assert found == pytest.approx(expected[:4])
    with pytest.raises(ValueError, match="before the first"):
        running_interval(0, 0, 0)


def test_memory_stays_flat_in_the_number_of_samples() -> None:
    def many(count: int) -> Iterator[ScoredRow]:
        for i in range(count):
            yield row(i, Outcome.CORRECT, 1.0, f"c{i % 5}")

    def peak(count: int) -> int:
        tracemalloc.start()
        summarise(many(count), epochs=1)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(100)
    # A list of a float for each of the samples would be 640 KB.
    assert peak(20_000) < peak(500) + 100_000
