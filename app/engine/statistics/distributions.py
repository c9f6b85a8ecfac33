"""The normal, t and binomial distributions, to about twelve digits.

Everything but the normal goes through the regularised incomplete beta function, evaluated by
its continued fraction (Abramowitz and Stegun 26.5.8, DLMF 8.17.22) with the modified Lentz
method.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

_NORMAL = NormalDist()
_TINY = 1e-300
_PRECISION = 1e-16
_MAX_TERMS = 100_000


def normal_cdf(x: float) -> float:
    """Return P(Z <= x) of the standard normal distribution."""
    return 0.5 * math.erfc(-x / math.sqrt(2))


def normal_quantile(p: float) -> float:
    """Return x with P(Z <= x) = p.

    Raises:
        ValueError: ``p`` is not strictly between 0 and 1.
    """
    if not 0 < p < 1:
        raise ValueError("p must be strictly between 0 and 1")
    return _NORMAL.inv_cdf(p)


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b), for a, b > 0.

    Raises:
        ValueError: ``x`` is outside 0..1.
    """
    if not 0 <= x <= 1:
        raise ValueError("x must be in 0..1")
    if x in (0, 1):
        return float(x)
    log_front = (
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    front = math.exp(log_front)
    # the fraction converges fast on the side of the mean where x is
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(a, b, x) / a
    return 1 - front * _beta_fraction(b, a, 1 - x) / b


def _beta_fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, _inverse(1 - (a + b) * x / (a + 1))
    result = d
    for m in range(1, _MAX_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        change = 1.0
        for term in (even, odd):
            d = _inverse(1 + term * d)
            c = 1 + term / c
            c = c if abs(c) > _TINY else _TINY
            change = d * c
            result *= change
        if abs(change - 1) < _PRECISION:
            break
    return result


def _inverse(value: float) -> float:
    return 1 / (value if abs(value) > _TINY else _TINY)


def t_cdf(t: float, df: float) -> float:
    """Return P(T <= t) of Student's distribution with ``df`` degrees of freedom."""
    if math.isinf(t):
        return 0.0 if t < 0 else 1.0
    tail = 0.5 * incomplete_beta(df / 2, 0.5, df / (df + t * t))
    return tail if t < 0 else 1 - tail


def t_two_sided(t: float, df: float) -> float:
    """Return P(|T| >= |t|), exact also where it is tiny."""
    return 0.0 if math.isinf(t) else incomplete_beta(df / 2, 0.5, df / (df + t * t))


@lru_cache(maxsize=4096)
def t_quantile(p: float, df: float) -> float:
    """Return t with P(T <= t) = p, by bisection of the two-sided tail.

    Raises:
        ValueError: ``p`` is not strictly between 0 and 1, or ``df`` is not positive.
    """
    if not 0 < p < 1 or df <= 0:
        raise ValueError("p must be strictly between 0 and 1, and df positive")
    tail = 2 * min(p, 1 - p)
    low, high = 0.0, 1.0
    while t_two_sided(high, df) > tail:
        low, high = high, high * 2
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if t_two_sided(middle, df) > tail else (low, middle)
    return -high if p < 0.5 else high


def binomial_two_sided(k: int, n: int) -> float:
    """Return the exact two-sided p-value of ``k`` heads in ``n`` tosses of a fair coin."""
    if n == 0:
        return 1.0
    few = min(k, n - k)
    if 2 * few == n:
        return 1.0
    return min(1.0, 2 * incomplete_beta(n - few, few + 1, 0.5))
