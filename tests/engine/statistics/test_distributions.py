from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy  # its parts are imported when they are used, which takes seconds

from app.engine.statistics.distributions import (
    binomial_two_sided,
    incomplete_beta,
    normal_cdf,
    normal_quantile,
    t_cdf,
    t_quantile,
    t_two_sided,
)

RNG = np.random.default_rng(20240607)


def close(expected: float) -> Any:
    return pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_the_normal_distribution_agrees_with_scipy() -> None:
    for x in RNG.uniform(-8, 8, 300):
        assert normal_cdf(x) == close(scipy.stats.norm.cdf(x))
    for p in RNG.uniform(0, 1, 300):
        assert normal_quantile(p) == close(scipy.stats.norm.ppf(p))


def test_the_incomplete_beta_function_agrees_with_scipy() -> None:
    for _ in range(500):
        a, b = 10 ** RNG.uniform(-1, 4, 2)
        x = RNG.uniform(0, 1)
        expected = scipy.special.betainc(a, b, x)
        assert incomplete_beta(a, b, x) == close(expected)
    assert (incomplete_beta(2, 3, 0), incomplete_beta(2, 3, 1)) == (0, 1)


def test_the_t_distribution_agrees_with_scipy() -> None:
    for _ in range(300):
        df = 10 ** RNG.uniform(0, 5)
        t, p = RNG.normal(0, 3), RNG.uniform(1e-6, 1 - 1e-6)
        assert t_cdf(t, df) == close(scipy.stats.t.cdf(t, df))
        assert t_two_sided(t, df) == close(2 * scipy.stats.t.sf(abs(t), df))
        assert t_quantile(p, df) == pytest.approx(scipy.stats.t.ppf(p, df), rel=1e-9, abs=1e-9)
    assert t_cdf(float("inf"), 3) == 1
    assert t_cdf(float("-inf"), 3) == 0
    assert t_quantile(0.5, 3) == pytest.approx(0, abs=1e-12)


def test_the_sign_test_agrees_with_scipy() -> None:
    for n in [0, 1, 2, 7, 8, 50, 501, 3000, 14042]:
        for k in sorted({0, n // 3, n // 2 - (n > 20) * 9, n // 2, n}):
            expected = scipy.stats.binomtest(k, n, 0.5).pvalue if n else 1.0
            assert binomial_two_sided(k, n) == pytest.approx(expected, rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("p", [0, 1, -0.1, 1.1])
def test_quantiles_exist_only_strictly_between_0_and_1(p: float) -> None:
    with pytest.raises(ValueError, match="strictly between"):
        normal_quantile(p)
    with pytest.raises(ValueError, match="strictly between"):
        t_quantile(p, 3)


def test_the_incomplete_beta_function_rejects_x_outside_its_range() -> None:
    with pytest.raises(ValueError, match="x must be"):
        incomplete_beta(1, 1, 1.5)
