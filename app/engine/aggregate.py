"""Computes a run's score from its rows: the value, its interval and the breakdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from app.engine.statistics.intervals import (
    Cluster,
    Estimate,
    clustered_estimate,
    moments_estimate,
)
from app.engine.types import Outcome

UNSCORED = frozenset({Outcome.ERROR})
"""Outcomes without an answer to judge: not in the denominator."""

ZERO = frozenset({Outcome.REFUSED, Outcome.UNPARSABLE})
"""Outcomes that score 0 and count: the model answered, but not usefully."""


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """The values of one row that the score needs."""

    sample_id: str
    epoch: int
    category: str | None
    outcome: Outcome
    score: float | None


@dataclass(frozen=True, slots=True)
class Score:
    """The headline number.

    Attributes:
        value: Mean score of the scored rows, 0..1.
        stderr: Clustered by sample where samples were asked more than once; ``None`` where
            one observation does not show a spread.
        ci95: 95 % interval, within 0..1.
        bounds: The score if every error had been wrong, and if every one had been right;
            both are ``value`` without errors.
        n: The denominator: rows with a score.
    """

    metric: str
    value: float
    stderr: float | None
    ci95: tuple[float, float]
    bounds: tuple[float, float]
    n: int


@dataclass(frozen=True, slots=True)
class CategoryScore:
    """The score within one category."""

    key: str
    n: int
    value: float
    ci95: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Summary:
    """The results of a run.

    Attributes:
        counts: Rows by outcome; outcomes that did not occur are 0.
        score: ``None`` where no row is scored.
        breakdown: By category, sorted by name; empty without categories.
    """

    counts: Mapping[Outcome, int]
    score: Score | None
    breakdown: tuple[CategoryScore, ...]


@dataclass(slots=True)
class _Tally:
    """Running sums of one group of rows."""

    per_sample: bool
    n: int = 0
    total: float = 0.0
    squares: float = 0.0
    samples: dict[str, Cluster] = field(default_factory=dict)

    def add(self, sample_id: str, score: float) -> None:
        self.n += 1
        self.total += score
        self.squares += score * score
        if self.per_sample:
            n, total, squares = self.samples.get(sample_id, (0, 0.0, 0.0))
            self.samples[sample_id] = Cluster(n + 1, total + score, squares + score * score)

    def estimate(self) -> Estimate | None:
        if self.per_sample:
            return clustered_estimate(self.samples.values())
        return moments_estimate(self.n, self.total, self.squares)


def row_score(row: ScoredRow) -> float | None:
    """Return the score of a row; ``None`` if it is not scored.

    An error is no answer, so it is neither right nor wrong; a refusal or an answer that
    cannot be read is an answer, and scores 0. A truncated one keeps its scorer's score.
    """
    if row.outcome in UNSCORED:
        return None
    return 0.0 if row.outcome in ZERO else row.score


def summarise(
    rows: Iterable[ScoredRow], *, metric: str = "accuracy", epochs: int | None = None
) -> Summary:
    """Summarise rows in one pass.

    With ``epochs=1`` memory is constant in the number of samples (sums by category); else
    one small tuple per sample is kept, for standard errors clustered by sample.
    """
    per_sample = epochs != 1
    counts: Counter[Outcome] = Counter(dict.fromkeys(Outcome, 0))
    whole = _Tally(per_sample)
    categories: dict[str, _Tally] = {}
    for row in rows:
        counts[row.outcome] += 1
        score = row_score(row)
        if score is None:
            continue
        whole.add(row.sample_id, score)
        if row.category is not None:
            categories.setdefault(row.category, _Tally(per_sample)).add(row.sample_id, score)
    return Summary(
        counts=dict(counts),
        score=_score(metric, whole, counts[Outcome.ERROR]),
        breakdown=_breakdown(categories),
    )


def _score(metric: str, tally: _Tally, errors: int) -> Score | None:
    estimate = tally.estimate()
    if estimate is None:
        return None
    everything = tally.n + errors
    return Score(
        metric=metric,
        value=estimate.value,
        stderr=estimate.stderr,
        ci95=(estimate.low, estimate.high),
        bounds=(tally.total / everything, (tally.total + errors) / everything),
        n=tally.n,
    )


def _breakdown(categories: Mapping[str, _Tally]) -> tuple[CategoryScore, ...]:
    found = []
    for key in sorted(categories):
        estimate = categories[key].estimate()
        if estimate is not None:
            found.append(
                CategoryScore(key, estimate.n, estimate.value, (estimate.low, estimate.high))
            )
    return tuple(found)


def running_interval(
    n: int, score_sum: float, score_sumsq: float
) -> tuple[float, float | None, float, float]:
    """Return ``(value, stderr, low, high)`` of a run under way, in constant time.

    Treats rows as independent, so with several epochs the interval is a little too narrow
    until ``summarise`` replaces it.

    Raises:
        ValueError: Nothing is scored yet (``n`` is 0).
    """
    estimate = moments_estimate(n, score_sum, score_sumsq)
    if estimate is None:
        raise ValueError("there is no interval before the first scored row")
    return estimate[:4]
