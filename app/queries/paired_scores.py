"""Scores of several runs, sample by sample."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeAlias, cast

from sqlalchemy import CursorResult, Table, select

from app.db import db
from app.engine.statistics import Pair
from app.models import SampleRow

_COLUMNS = cast(Table, SampleRow.__table__).columns
_UNSCORED = -1.0
_BREAK = "\x1f"

Scores: TypeAlias = "array[float]"
"""The mean score of each sample over its epochs, 0..1, or `_UNSCORED`; a dict would be 30 times
as large."""


@dataclass(frozen=True, slots=True)
class PairedScores:
    """What each of some runs scored on each sample.

    Attributes:
        sample_ids: Of all runs: the first run's, in its order, then what only others have.
        by_run: The scores of each run, in that order.
        counts: On how many samples the runs have each combination of scores; ``None`` stands for
            no score. That is all that statistics need, and a few entries for any number of
            samples if scores are 0 or 1.
    """

    sample_ids: Sequence[str]
    by_run: Sequence[Scores]
    counts: Mapping[tuple[float | None, ...], int]

    def common(self) -> int:
        """Return how many samples all of the runs have scored."""
        return sum(times for scores, times in self.counts.items() if None not in scores)

    def all_are_common(self) -> bool:
        """Return whether each run has scored what the others have, and nothing else."""
        return not any(None in scores for scores in self.counts)

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
        for sample_id, score, other in zip(self.sample_ids, first, second, strict=True):
            if score != other and _UNSCORED not in (score, other):
                yield sample_id


def have_questions(run_ids: Sequence[str]) -> bool:
    """Return whether the question of each scored sample is known; those of old runs are not."""
    unknown = select(_COLUMNS.run_id).where(
        _COLUMNS.run_id.in_(run_ids), _COLUMNS.score.is_not(None), _COLUMNS.question.is_(None)
    )
    return db.session.execute(unknown.limit(1)).first() is None


def pair_scores(run_ids: Sequence[str], *, by_question: bool = False) -> PairedScores:
    """Return the scores of the runs, paired by sample.

    Args:
        run_ids: The runs.
        by_question: Pair only samples whose question is the same, too: ids may have moved.
    """
    places: dict[str, int] = {}
    by_run = [_mean_scores(run_id, places, by_question=by_question) for run_id in run_ids]
    for scores in by_run:
        scores.extend([_UNSCORED] * (len(places) - len(scores)))
    counts = Counter(zip(*by_run, strict=True))
    return PairedScores(
        [key.partition(_BREAK)[0] for key in places] if by_question else list(places),
        by_run,
        {
            tuple(None if score == _UNSCORED else score for score in scores): times
            for scores, times in counts.items()
        },
    )


def _mean_scores(run_id: str, places: dict[str, int], *, by_question: bool) -> Scores:
    """Return the scores of a run, each at its sample's place; new samples get places."""
    result = db.session.execute(
        select(*(_COLUMNS[name] for name in ("sample_id", "score", "question")[: 2 + by_question]))
        .where(_COLUMNS.run_id == run_id, _COLUMNS.score.is_not(None))
        .order_by(_COLUMNS.position, _COLUMNS.epoch)
    )
    sums: Scores = array("d", bytes(8 * len(places)))
    epochs = array("L", bytes(array("L").itemsize * len(places)))
    # Plain tuples of the driver: to wrap each of 14,000 takes longer than to read them.
    cursor = cast(CursorResult[str, float], result).cursor
    rows = iter(cursor.fetchone, None)
    for key, score in map(_with_question, rows) if by_question else rows:
        place = places.setdefault(key, len(places))
        if place == len(sums):
            sums.append(0.0)
            epochs.append(0)
        sums[place] += score
        epochs[place] += 1
    result.close()
    for place, number in enumerate(epochs):
        sums[place] = sums[place] / number if number else _UNSCORED
    return sums


def _with_question(row: tuple[str, float, str]) -> tuple[str, float]:
    """Return what pairs a sample, and its score; a digest is shorter than most questions."""
    sample_id, score, question = row
    return f"{sample_id}{_BREAK}{blake2b(question.encode(), digest_size=12).hexdigest()}", score
