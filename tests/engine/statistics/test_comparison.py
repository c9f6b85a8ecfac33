from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import scipy  # its parts are imported when they are used, which takes seconds

from app.engine.statistics.comparison import (
    Pair,
    bonett_price,
    compare_counts,
)
from app.engine.statistics.comparison_sentence import describe, p_text

RNG = np.random.default_rng(5)


def binary_pairs(both: int, wins: int, losses: int, neither: int) -> list[Pair]:
    return (
        [(1.0, 1.0)] * both + [(0.0, 1.0)] * wins + [(1.0, 0.0)] * losses + [(0.0, 0.0)] * neither
    )


def test_binary_scores_get_mcnemars_exact_test() -> None:
    from statsmodels.stats.contingency_tables import mcnemar  # takes seconds

    for _ in range(100):
        a, b, c, d = (int(n) for n in RNG.integers(0, 200, 4))
        found = compare_counts(Counter(binary_pairs(a, b, c, d)))
        assert found is not None
        expected = mcnemar([[a, b], [c, d]], exact=True).pvalue
        assert found.p_value == pytest.approx(expected, rel=1e-9)
        assert found.method == "mcnemar_exact"
        assert found.flips == (b, c, a + d)
        assert found.difference == pytest.approx((b - c) / (a + b + c + d))


def test_graded_scores_get_the_paired_t_test_of_scipy() -> None:
    for _ in range(50):
        first = RNG.beta(2, 2, 60)
        second = np.clip(first + RNG.normal(0.02, 0.1, 60), 0, 1)
        found = compare_counts(Counter(list(zip(first.tolist(), second.tolist(), strict=True))))
        assert found is not None
        test = scipy.stats.ttest_rel(second, first)
        interval = test.confidence_interval(0.95)
        assert found.method == "paired_t"
        assert found.p_value == pytest.approx(test.pvalue, rel=1e-9)
        assert found.ci95 == pytest.approx((interval.low, interval.high), rel=1e-9)


def test_the_interval_of_a_difference_of_paired_proportions_is_the_published_one() -> None:
    low, high = bonett_price(wins=12, losses=4, n=100)
    up, down = 13 / 102, 5 / 102
    half = 1.959963984540054 * ((up + down - (up - down) ** 2) / 102) ** 0.5
    assert (low, high) == pytest.approx((up - down - half, up - down + half), rel=1e-12)


def test_no_common_sample_gives_no_comparison() -> None:
    assert compare_counts(Counter([])) is None


def test_one_graded_pair_has_no_p_value() -> None:
    found = compare_counts(Counter([(0.2, 0.7)]))
    assert found is not None
    assert (found.p_value, found.ci95, found.verdict) == (None, None, "unclear")
    assert "1 sample)" in describe(found, "old", "new")


def test_equal_differences_are_certain_and_equal_scores_are_equal() -> None:
    same = compare_counts(Counter([(0.5, 0.5)] * 10))
    shifted = compare_counts(Counter([(0.25, 0.5)] * 10))
    assert same is not None
    assert shifted is not None
    assert (same.verdict, same.p_value, same.samples_needed) == ("equal", 1.0, None)
    assert (shifted.verdict, shifted.p_value) == ("better", 0.0)
    assert describe(same, "old", "new").startswith("new and old score the same")


def test_the_verdict_says_who_is_better_by_how_much_and_how_sure_that_is() -> None:
    found = compare_counts(Counter(binary_pairs(600, 120, 60, 220)))
    assert found is not None
    assert found.verdict == "better"
    text = describe(found, "gamma-1", "gamma-2")
    assert text.startswith("gamma-2 is better than gamma-1 by 6.0 points (95% interval +3.4 to")
    assert "p < 0.001, 1,000 samples" in text
    worse = compare_counts(Counter([(b, a) for a, b in binary_pairs(600, 120, 60, 220)]))
    assert worse is not None
    assert "gamma-2 is worse than gamma-1 by 6.0 points" in describe(worse, "gamma-1", "gamma-2")


def test_an_unclear_difference_says_how_many_samples_would_settle_it() -> None:
    found = compare_counts(Counter(binary_pairs(60, 12, 9, 19)))
    assert found is not None
    assert found.verdict == "unclear"
    text = describe(found, "old", "new")
    assert "No clear difference: new scores +3.0 points against old" in text
    assert "may be chance. About 1,800 samples would settle" in text


def test_flips_are_counted_for_graded_scores_too() -> None:
    assert compare_counts(Counter([(0.1, 0.2), (0.5, 0.4), (1.0, 1.0), (0.0, 0.3)])).flips == (
        2,
        1,
        1,
    )


def test_p_values_are_written_with_the_digits_they_deserve() -> None:
    assert [p_text(p) for p in (0.0001, 0.0312, 0.27)] == ["p < 0.001", "p = 0.031", "p = 0.27"]


def test_the_paired_interval_covers_the_true_difference_95_percent_of_the_time() -> None:
    rng = np.random.default_rng(3)
    runs, hits, n = 3000, 0, 200
    for _ in range(runs):
        wins, losses = rng.uniform(0.03, 0.3), rng.uniform(0.03, 0.3)
        b, c, _rest = rng.multinomial(n, [wins, losses, 1 - wins - losses])
        low, high = bonett_price(int(b), int(c), n)
        hits += low <= wins - losses <= high
    assert 0.94 <= hits / runs <= 0.96, hits / runs
