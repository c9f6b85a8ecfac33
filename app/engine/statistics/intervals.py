"""A score with its standard error and 95 % interval."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from app.engine.statistics.distributions import normal_quantile, t_quantile

CONFIDENCE = 0.95
_ROUNDING = 1e-9


class Estimate(NamedTuple):
    """A mean score, 0..1.

    Attributes:
        value: The mean.
        stderr: Its standard error; ``None`` where one observation does not show a spread.
        low: Lower end of the interval; 0 where a single score shows no spread.
        high: Upper end; 1 where a single score shows no spread.
        n: Scored observations behind it.
    """

    value: float
    stderr: float | None
    low: float
    high: float
    n: int


class Cluster(NamedTuple):
    """All scored epochs of one sample: how many and their sums."""

    n: int
    score_sum: float
    score_sumsq: float


def wilson(
    share: float, n: float, confidence: float = CONFIDENCE, z: float | None = None
) -> tuple[float, float]:
    """Return the score interval of a proportion (Wilson 1927, JASA 22:209).

    It stays in 0..1 and does not collapse at 0 % and 100 %. ``n`` may be an effective sample
    size; ``z`` replaces the normal quantile.
    """
    z = normal_quantile((1 + confidence) / 2) if z is None else z
    shrink = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / shrink
    half = z / shrink * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def moments_estimate(
    n: int, score_sum: float, score_sumsq: float, confidence: float = CONFIDENCE
) -> Estimate | None:
    """Estimate the mean of ``n`` independent scores from their sums, in constant time.

    Scores that are all 0 or 1 (then the two sums agree) get Wilson's interval, others the t
    interval, cut to 0..1 (Miller 2024, arXiv:2411.00640, section 2). ``None`` for ``n`` = 0.
    """
    if n == 0:
        return None
    value = min(1.0, max(0.0, score_sum / n))
    if abs(score_sum - score_sumsq) <= _ROUNDING * n:
        low, high = wilson(value, n, confidence)
        # One sample says nothing of its spread: the formula's 0 would look like certainty.
        stderr = math.sqrt(value * (1 - value) / n) if n > 1 else None
        return Estimate(value, stderr, low, high, n)
    if n == 1:
        return Estimate(value, None, 0.0, 1.0, n)
    variance = max(0.0, (score_sumsq - n * value * value) / (n - 1))
    stderr = math.sqrt(variance / n)
    return _t_interval(value, stderr, n - 1, n, confidence)


def mean_estimate(scores: Iterable[float], confidence: float = CONFIDENCE) -> Estimate | None:
    """Estimate the mean of independent scores; see ``moments_estimate``."""
    n, total, squares = 0, 0.0, 0.0
    for score in scores:
        n, total, squares = n + 1, total + score, squares + score * score
    return moments_estimate(n, total, squares, confidence)


def clustered_estimate(
    clusters: Iterable[Cluster], confidence: float = CONFIDENCE
) -> Estimate | None:
    """Estimate the mean where each sample was asked several times.

    Epochs of one sample are not independent, so the standard error is clustered by sample
    (Miller 2024, arXiv:2411.00640, equation 4, with the factor C/(C-1) for C clusters). Scores
    that are all 0 or 1 get Wilson's interval with the effective sample size that this error
    implies (Korn and Graubard 1998, Survey Methodology 24:193), others the t interval.
    """
    groups = [cluster for cluster in clusters if cluster.n]
    n = sum(group.n for group in groups)
    total = math.fsum(group.score_sum for group in groups)
    squares = math.fsum(group.score_sumsq for group in groups)
    if all(group.n == 1 for group in groups):
        return moments_estimate(n, total, squares, confidence)
    value = min(1.0, max(0.0, total / n))
    count = len(groups)
    if count == 1:
        return Estimate(value, None, 0.0, 1.0, n)
    spread = math.fsum((group.score_sum - group.n * value) ** 2 for group in groups)
    stderr = math.sqrt(spread * count / (count - 1)) / n
    if abs(total - squares) > _ROUNDING * n:
        return _t_interval(value, stderr, count - 1, n, confidence)
    # without spread (all right, all wrong) a sample counts once, however often it was asked
    effective = value * (1 - value) / stderr**2 if stderr > 0 else float(count)
    z = t_quantile((1 + confidence) / 2, count - 1)
    low, high = wilson(value, min(effective, float(n)), confidence, z)
    return Estimate(value, stderr, low, high, n)


def _t_interval(value: float, stderr: float, df: int, n: int, confidence: float) -> Estimate:
    half = t_quantile((1 + confidence) / 2, df) * stderr
    return Estimate(value, stderr, max(0.0, value - half), min(1.0, value + half), n)
