"""Two models on the same samples: the difference, how sure it is, and who won where."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from app.engine.statistics.distributions import (
    binomial_two_sided,
    normal_quantile,
    t_quantile,
    t_two_sided,
)
from app.engine.statistics.intervals import CONFIDENCE
from app.engine.statistics.power import ALPHA, samples_to_settle

Pair = tuple[float, float]
"""Scores of the baseline and of the candidate on one sample (means over its epochs)."""


class Flips(NamedTuple):
    """On how many samples the candidate is better, worse or equal."""

    wins: int
    losses: int
    ties: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """The candidate against the baseline, paired by sample.

    Attributes:
        n: Samples that both have scored.
        baseline: Mean score of the baseline on them, 0..1.
        candidate: Mean score of the candidate.
        difference: Candidate minus baseline.
        ci95: Interval of the difference; ``None`` for a single graded sample.
        p_value: Two-sided, of "no difference"; ``None`` as above.
        method: The test behind ``p_value``.
        samples_needed: Samples that would settle a difference of this size with 80 % power;
            ``None`` where there is no difference.
        verdict: Read at the 5 % level.
    """

    n: int
    baseline: float
    candidate: float
    difference: float
    ci95: tuple[float, float] | None
    p_value: float | None
    method: Literal["mcnemar_exact", "paired_t"]
    flips: Flips
    samples_needed: int | None
    verdict: Literal["better", "worse", "unclear", "equal"]


def _flips(counts: Mapping[Pair, int]) -> Flips:
    """Count on how many samples the candidate is better, worse or equal."""
    wins = sum(times for (a, b), times in counts.items() if b > a)
    losses = sum(times for (a, b), times in counts.items() if b < a)
    return Flips(wins, losses, sum(counts.values()) - wins - losses)


def compare_counts(counts: Mapping[Pair, int]) -> Comparison | None:
    """Compare two models on the samples that both have scored; ``None`` without any.

    Scores that are all 0 or 1 are tested with McNemar's exact test (McNemar 1947,
    Psychometrika 12:153) and get the interval of Bonett and Price (2012, J. Educ. Behav.
    Stat. 37:479); others get the paired t test. Pairing removes the difficulty of the samples
    from the error (Miller 2024, arXiv:2411.00640, section 4.2).

    Args:
        counts: On how many samples the two have each pair of scores: a handful of entries where
            scores are 0 or 1, however many samples there are.
    """
    n = sum(counts.values())
    if n == 0:
        return None
    flips = _flips(counts)
    binary = all(score in (0, 1) for pair in counts for score in pair)
    mean = _sum((b - a, times) for (a, b), times in counts.items()) / n
    spread = 0.0
    if n > 1:
        squares = (((b - a - mean) ** 2, times) for (a, b), times in counts.items())
        spread = math.sqrt(_sum(squares) / (n - 1))
    if binary:
        p_value: float | None = binomial_two_sided(flips.wins, flips.wins + flips.losses)
        ci95: tuple[float, float] | None = bonett_price(flips.wins, flips.losses, n)
    else:
        p_value, ci95 = paired_t(mean, spread, n)
    return Comparison(
        n=n,
        baseline=_sum((a, times) for (a, _), times in counts.items()) / n,
        candidate=_sum((b, times) for (_, b), times in counts.items()) / n,
        difference=mean,
        ci95=ci95,
        p_value=p_value,
        method="mcnemar_exact" if binary else "paired_t",
        flips=flips,
        samples_needed=samples_to_settle(mean, spread) if spread else None,
        verdict=_verdict(mean, p_value, flips),
    )


def _sum(values: Iterable[tuple[float, int]]) -> float:
    """Return the sum of each value so many times, rounded once."""
    return math.fsum(part for value, times in values for part in _multiples(value, times))


def _multiples(value: float, times: int) -> Iterator[float]:
    """Yield parts of ``value * times`` that are exact: multiples by powers of two."""
    for bit in range(times.bit_length()):
        if times >> bit & 1:
            yield math.ldexp(value, bit)


def _verdict(
    difference: float, p_value: float | None, flips: Flips
) -> Literal["better", "worse", "unclear", "equal"]:
    if p_value is not None and p_value <= ALPHA:
        return "better" if difference > 0 else "worse"
    return "unclear" if flips.wins or flips.losses else "equal"


def bonett_price(
    wins: int, losses: int, n: int, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Return the interval of a difference of paired proportions.

    The adjusted Wald interval of Bonett and Price (2012, J. Educ. Behav. Stat. 37:479): one
    observation is added to each kind of discordant pair.
    """
    up, down = (wins + 1) / (n + 2), (losses + 1) / (n + 2)
    stderr = math.sqrt((up + down - (up - down) ** 2) / (n + 2))
    half = normal_quantile((1 + confidence) / 2) * stderr
    return max(-1.0, up - down - half), min(1.0, up - down + half)


def paired_t(
    mean: float, spread: float, n: int, confidence: float = CONFIDENCE
) -> tuple[float | None, tuple[float, float] | None]:
    """Return p-value and interval of a mean difference (Student's paired t test).

    Both are ``None`` for a single pair.
    """
    if n < 2:
        return None, None
    stderr = spread / math.sqrt(n)
    if stderr == 0:
        return (1.0 if mean == 0 else 0.0), (mean, mean)
    half = t_quantile((1 + confidence) / 2, n - 1) * stderr
    return t_two_sided(mean / stderr, n - 1), (mean - half, mean + half)
