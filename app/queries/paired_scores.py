"""Scores of several runs, sample by sample."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import cast

from sqlalchemy import CursorResult, Table, select

from app.db import db
from app.engine.statistics import Pair
from app.models import SampleRow

_COLUMNS = cast(Table, SampleRow.__table__).columns

Scores = dict[str, float]
"""The mean score of each sample over its epochs, 0..1, in the benchmark's order."""


@dataclass(frozen=True, slots=True)
class PairedScores:
    """What each of some runs scored on each sample.

    Attributes:
        by_run: The scores of each run; what it has not scored is left out.
        counts: On how many samples the runs have each combination of scores; ``None`` stands for
            no score. That is all that statistics need, and a few entries for any number of
            samples if scores are 0 or 1.
    """

    by_run: Sequence[Scores]
    counts: Mapping[tuple[float | None, ...], int]

    def common(self) -> int:
        """Return how many samples all of the runs have scored."""
        return sum(times for scores, times in self.counts.items() if None not in scores)

    def pairs(self, first: int, second: int) -> Counter[Pair]:
        """Return how often each pair of scores of two runs occurs where both have scored."""
        found: Counter[Pair] = Counter()
        for scores, times in self.counts.items():
            a, b = scores[first], scores[second]
            if a is not None and b is not None:
                found[a, b] += times
        return found

    def flips(self) -> int:
        """Return the number of samples on which the first two runs differ."""
        return sum(times for (a, b), times in self.pairs(0, 1).items() if a != b)

    def flipped(self) -> Iterator[str]:
        """Yield the samples on which the first two runs differ, in order."""
        first, second = self.by_run[:2]
        for sample_id, score in first.items():
            other = second.get(sample_id)
            if other is not None and other != score:
                yield sample_id


def pair_scores(run_ids: Sequence[str]) -> PairedScores:
    """Return the scores of the runs, paired by sample."""
    by_run = [_mean_scores(run_id) for run_id in run_ids]
    samples = dict.fromkeys(chain.from_iterable(by_run))
    counts = Counter(zip(*(map(scores.get, samples) for scores in by_run), strict=True))
    return PairedScores(by_run, counts)


def _mean_scores(run_id: str) -> Scores:
    result = db.session.execute(
        select(_COLUMNS.sample_id, _COLUMNS.score)
        .where(_COLUMNS.run_id == run_id, _COLUMNS.score.is_not(None))
        .order_by(_COLUMNS.position, _COLUMNS.epoch)
    )
    # Plain tuples of the driver: to wrap each of 14,000 takes longer than to read them.
    rows = cast(CursorResult[str, float], result).cursor.fetchall()
    result.close()
    single = dict(rows)
    if len(single) == len(rows):
        return single  # one epoch: the rule, and many lists would be slow
    several: dict[str, list[float]] = defaultdict(list)
    for sample_id, score in rows:
        several[sample_id].append(score)
    return {sample_id: sum(scores) / len(scores) for sample_id, scores in several.items()}
