from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scipy  # its parts are imported when they are used, which takes seconds

from app.engine.statistics.correction import holm
from app.engine.statistics.intervals import (
    Cluster,
    clustered_estimate,
    mean_estimate,
    moments_estimate,
    wilson,
)
from app.engine.statistics.pass_at_k import mean_pass_at_k, pass_at_k
from app.engine.statistics.power import samples_to_settle

RNG = np.random.default_rng(7)


def cluster(scores: list[float]) -> Cluster:
    return Cluster(len(scores), sum(scores), sum(score * score for score in scores))


def test_binary_scores_get_the_wilson_interval_of_statsmodels() -> None:
    from statsmodels.stats.proportion import proportion_confint  # takes seconds

    for _ in range(200):
        n = int(RNG.integers(1, 3000))
        right = int(RNG.integers(0, n + 1))
        estimate = moments_estimate(n, right, right)
        assert estimate is not None
        low, high = proportion_confint(right, n, method="wilson")
        assert estimate.low == pytest.approx(max(low, 0), rel=1e-9, abs=1e-12)
        assert estimate.high == pytest.approx(min(high, 1), rel=1e-9, abs=1e-12)
        assert estimate.stderr == pytest.approx(math.sqrt(right / n * (1 - right / n) / n))


def test_graded_scores_get_the_t_interval_of_scipy() -> None:
    for _ in range(100):
        scores = RNG.beta(2, 2, int(RNG.integers(2, 200)))
        estimate = mean_estimate(scores.tolist())
        assert estimate is not None
        low, high = scipy.stats.t.interval(
            0.95, len(scores) - 1, loc=scores.mean(), scale=scipy.stats.sem(scores)
        )
        assert estimate.value == pytest.approx(scores.mean(), rel=1e-12)
        assert estimate.stderr == pytest.approx(scipy.stats.sem(scores), rel=1e-9)
        assert estimate.low == pytest.approx(max(low, 0), rel=1e-9)
        assert estimate.high == pytest.approx(min(high, 1), rel=1e-9)


def test_the_clustered_error_is_that_of_a_regression_with_clusters() -> None:
    import statsmodels.api as sm  # takes seconds

    for _ in range(30):
        groups = [RNG.beta(2, 3, int(RNG.integers(1, 6))) for _ in range(int(RNG.integers(5, 40)))]
        scores = np.concatenate(groups)
        labels = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
        fit = sm.OLS(scores, np.ones(len(scores))).fit(
            cov_type="cluster", cov_kwds={"groups": labels, "use_correction": False}
        )
        expected = fit.bse[0] * math.sqrt(len(groups) / (len(groups) - 1))
        estimate = clustered_estimate(cluster(group.tolist()) for group in groups)
        assert estimate is not None
        assert estimate.value == pytest.approx(scores.mean(), rel=1e-12)
        assert estimate.stderr == pytest.approx(expected, rel=1e-9)


def test_epochs_that_always_agree_count_as_one_observation() -> None:
    clusters = [cluster([float(i < 70)] * 5) for i in range(100)]
    once = mean_estimate([float(i < 70) for i in range(100)])
    repeated = clustered_estimate(clusters)
    assert once is not None
    assert repeated is not None
    assert repeated.n == 500
    assert repeated.stderr == pytest.approx(once.stderr, rel=0.01)
    assert repeated.low == pytest.approx(once.low, abs=0.003)


def test_a_perfect_score_over_epochs_is_not_certain() -> None:
    estimate = clustered_estimate([cluster([1.0] * 4) for _ in range(20)])
    assert estimate is not None
    assert (estimate.value, estimate.high) == (1.0, 1.0)
    assert 0.75 < estimate.low < 0.9


def test_nothing_has_no_estimate_and_one_graded_score_says_next_to_nothing() -> None:
    assert mean_estimate([]) is None
    assert clustered_estimate([]) is None
    assert mean_estimate([0.4]) == (0.4, None, 0.0, 1.0, 1)
    assert clustered_estimate([cluster([1.0, 0.0])]) == (0.5, None, 0.0, 1.0, 2)
    single = mean_estimate([1.0])
    assert single is not None
    assert single.low == pytest.approx(wilson(1.0, 1)[0])


def test_pass_at_k_is_the_share_of_subsets_with_a_right_attempt() -> None:
    for n, c in [(5, 0), (5, 2), (6, 5), (4, 4)]:
        for k in range(1, n + 1):
            subsets = list(itertools.combinations([1] * c + [0] * (n - c), k))
            share = sum(any(subset) for subset in subsets) / len(subsets)
            assert pass_at_k(n, c, k) == pytest.approx(share, rel=1e-12)
    assert pass_at_k(1000, 3, 100) == pytest.approx(1 - math.comb(997, 100) / math.comb(1000, 100))


def test_pass_at_k_needs_k_attempts() -> None:
    with pytest.raises(ValueError, match="attempts"):
        pass_at_k(3, 1, 4)
    assert mean_pass_at_k([(3, 1)], 4) is None
    estimate = mean_pass_at_k([(5, 0), (5, 5), (2, 1)], 5)
    assert estimate is not None
    assert (estimate.value, estimate.n) == (0.5, 2)


def test_holm_follows_its_definition_and_statsmodels() -> None:
    # From statsmodels 0.14, multipletests(..., method="holm"), whose import takes seconds.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02], rel=1e-12)
    assert holm([0.9, 0.5, 0.2]) == pytest.approx([1.0, 1.0, 0.6], rel=1e-12)
    for count in (1, 2, 5, 30):
        values = (RNG.uniform(0, 1, count) ** 3).tolist()
        ordered = sorted(values)
        steps = [min(1.0, (count - rank) * value) for rank, value in enumerate(ordered)]
        expected = [max(steps[: ordered.index(value) + 1]) for value in values]
        assert holm(values) == pytest.approx(expected, rel=1e-12)
    assert holm([]) == []


def test_the_planned_number_of_samples_reaches_the_planned_power() -> None:
    n = samples_to_settle(0.03, 0.5)
    assert n == math.ceil(((1.959963985 + 0.841621234) * 0.5 / 0.03) ** 2)
    assert samples_to_settle(0, 0.5) is None


def test_the_95_percent_interval_covers_the_truth_95_percent_of_the_time() -> None:
    """Models of random skill are measured again and again; their true skill is known."""
    rng = np.random.default_rng(11)
    runs = 3000
    hits = {"binary": 0, "graded": 0, "epochs": 0}
    for _ in range(runs):
        skill = rng.uniform(0.1, 0.97)
        right = int(rng.binomial(200, skill))
        plain = moments_estimate(200, right, right)
        graded = mean_estimate(rng.beta(6 * skill, 6 * (1 - skill), 150).tolist())
        chances = rng.beta(3 * skill, 3 * (1 - skill), 150)
        counts = rng.binomial(4, chances).tolist()
        epochs = clustered_estimate(Cluster(4, c, c) for c in counts)
        for name, estimate in (("binary", plain), ("graded", graded), ("epochs", epochs)):
            assert estimate is not None
            hits[name] += estimate.low <= skill <= estimate.high
    for name, hit in hits.items():
        assert 0.94 <= hit / runs <= 0.96, (name, hit / runs)


@pytest.mark.parametrize("score", [0.0, 0.3, 1.0])
def test_one_sample_shows_no_spread(score: float) -> None:
    alone = mean_estimate([score])
    assert alone is not None
    assert (alone.value, alone.stderr) == (score, None)
    assert alone.high - alone.low > 0.5
    often = clustered_estimate([Cluster(4, 4 * score, 4 * score * score)])
    assert often is not None
    assert often.stderr is None
