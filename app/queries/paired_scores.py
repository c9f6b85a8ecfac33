"""Scores of several runs, sample by sample."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from typing import Any, TypeAlias, cast

from sqlalchemy import CursorResult, Result, Table, and_, select
from sqlalchemy.orm import aliased

from app.db import db
from app.engine.statistics import Pair
from app.models import SampleRow

_COLUMNS = cast(Table, SampleRow.__table__).columns
_UNSCORED = -1.0
_BREAK = "\x1f"
_AT_ONCE = 1_000

Scores: TypeAlias = "array[float]"
"""The mean score of each sample over its epochs, 0..1, or `_UNSCORED`; a dict would be 30 times
as large."""

SHOWS = ("flipped", "worse", "better", "both_wrong", "different", "all")
"""Which common samples of two runs can be listed: where the second run's score is another, lower
or higher; where both are below a half; where the answers are not the same text; all."""
_WRONG = 0.5


@dataclass(frozen=True, slots=True)
class PairedScores:
    """What each of some runs scored on each sample.

    Attributes:
        sample_ids: Of all runs: the first run's, in its order, then what only others have.
        by_run: The scores of each run, in that order.
        counts: On how many samples the runs have each combination of scores; ``None`` stands for
            no score. That is all that statistics need, and a few entries for any number of
            samples if scores are 0 or 1.
        categories: The names of those that occur.
        category_at: Of each sample the place in ``categories``; -1 where it has none.
    """

    sample_ids: Sequence[str]
    by_run: Sequence[Scores]
    counts: Mapping[tuple[float | None, ...], int]
    categories: Sequence[str]
    category_at: Sequence[int]

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

    def pairs_by_category(self, first: int, second: int) -> dict[str, Counter[Pair]]:
        """Return `pairs` of each category, in the order of their names."""
        found: dict[str, Counter[Pair]] = {name: Counter() for name in sorted(self.categories)}
        each = Counter(zip(self.category_at, self.by_run[first], self.by_run[second], strict=True))
        for (at, a, b), times in each.items():
            if at >= 0 and _UNSCORED not in (a, b):
                found[self.categories[at]][a, b] += times
        return {name: counts for name, counts in found.items() if counts}

    def chosen(
        self,
        second: int,
        show: str,
        *,
        category: str = "",
        different: Collection[str] = frozenset(),
    ) -> list[str]:
        """Return the samples that the first run and another have scored so, in order.

        Args:
            second: The other run's number.
            show: One of ``SHOWS``.
            category: Only of this one; empty: of all.
            different: The samples whose answers differ.
        """
        wanted = self.categories.index(category) if category in self.categories else None
        if category and wanted is None:
            return []
        rows = zip(
            self.sample_ids, self.category_at, self.by_run[0], self.by_run[second], strict=True
        )
        return [
            sample_id
            for sample_id, at, a, b in rows
            if _UNSCORED not in (a, b)
            and (wanted is None or at == wanted)
            and _is_shown(show, a, b, sample_id in different)
        ]


def _is_shown(show: str, a: float, b: float, is_different: bool) -> bool:
    match show:
        case "flipped":
            return a != b
        case "worse":
            return b < a
        case "better":
            return b > a
        case "both_wrong":
            return a < _WRONG and b < _WRONG
        case "different":
            return is_different
    return True


def different_answers(two: Sequence[str]) -> set[str]:
    """Return the samples to which two runs gave different answers in their first epoch."""
    first, second = two
    other = aliased(SampleRow)
    rows = db.session.scalars(
        select(SampleRow.sample_id)
        .join(
            other,
            and_(other.run_id == second, other.sample_id == SampleRow.sample_id, other.epoch == 1),
        )
        .where(
            SampleRow.run_id == first,
            SampleRow.epoch == 1,
            SampleRow.answer.is_distinct_from(other.answer),
        )
    )
    return set(rows)


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
    categories: dict[str | None, int] = {None: -1}
    category_at = array("l")
    by_run = []
    for run_id in run_ids:
        with closing(_scored(run_id, by_question=by_question)) as found:
            # Plain tuples of the driver: to wrap each of 14,000 takes longer than to read them.
            read = cast(CursorResult[Any], found).cursor.fetchmany
            batches: Iterable[Sequence[Any]] = iter(partial(read, _AT_ONCE), [])
            if by_question:
                batches = ([_with_question(row) for row in rows] for rows in batches)
            by_run.append(_mean_scores(batches, places, categories, category_at))
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
        [name for name in categories if name is not None],
        category_at,
    )


def _scored(run_id: str, *, by_question: bool) -> Result[Any]:
    """Return the scored samples of a run: id, score, category, and the question if it counts."""
    names = ("sample_id", "score", "category", "question")[: 3 + by_question]
    return db.session.execute(
        select(*(_COLUMNS[name] for name in names))
        .where(_COLUMNS.run_id == run_id, _COLUMNS.score.is_not(None))
        .order_by(_COLUMNS.position, _COLUMNS.epoch)
    )


def _mean_scores(
    batches: Iterable[Sequence[tuple[str, float, str | None]]],
    places: dict[str, int],
    categories: dict[str | None, int],
    category_at: array[int],
) -> Scores:
    """Return the scores of a run, each at its sample's place.

    New samples get places, with their category; new categories get numbers.
    """
    sums: Scores = array("d", bytes(8 * len(places)))
    epochs = array("L", bytes(array("L").itemsize * len(places)))
    for rows in batches:
        for key, _, category in rows:
            if key not in places:
                places[key] = len(places)
                category_at.append(categories.setdefault(category, len(categories) - 1))
        added = len(places) - len(sums)
        sums.extend([0.0] * added)
        epochs.extend([0] * added)
        for key, score, _ in rows:
            place = places[key]
            sums[place] += score
            epochs[place] += 1
    for place, number in enumerate(epochs):
        if number != 1:
            sums[place] = sums[place] / number if number else _UNSCORED
    return sums


def _with_question(row: tuple[str, float, str | None, str]) -> tuple[str, float, str | None]:
    """Return a row with the question within what pairs it; a digest is shorter than most."""
    sample_id, score, category, question = row
    digest = blake2b(question.encode(), digest_size=12).hexdigest()
    return f"{sample_id}{_BREAK}{digest}", score, category
