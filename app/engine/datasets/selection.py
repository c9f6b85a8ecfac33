"""Which samples of a benchmark a run asks, and in which order.

A limited run takes a part of the benchmark that stands for all of it: files are often sorted
by subject, so that their beginning does not. The part is chosen by a hash of each sample's id
and the seed, so it is the same on every machine, and the smaller of two parts is within the
larger one: a run of 200 and one of 500 share 200 questions.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import Literal

from app.engine.engine_errors import DatasetError
from app.engine.types import Sample

Order = Literal["random", "first", "stratified"]

DEFAULT_SAMPLE_SEED = 0
"""One for all runs, so that they ask the same questions."""

SAMPLE_UNKNOWN = "sample_unknown"
"""Code of the error for ids that the benchmark does not have."""

_SHOWN_IDS = 5


@dataclass(frozen=True, slots=True)
class Selection:
    """The samples that are wanted.

    Attributes:
        limit: At most so many; ``None``: all.
        order: ``first``: as the benchmark has them. ``random``: in an order by ``seed``.
            ``stratified``: the same, but the first so many have each category with its share
            (Sainte-Laguë's method, by which parts are nested, too).
        seed: Another seed takes other samples.
        ids: Only these; ``None``: any.
    """

    limit: int | None = None
    order: Order = "first"
    seed: int = DEFAULT_SAMPLE_SEED
    ids: tuple[str, ...] | None = None

    def choose(self, index: SampleIndex) -> Sequence[int]:
        """Return the places of the chosen samples, in the order in which they are asked.

        Raises:
            DatasetError: ``sample_unknown``: the benchmark has no sample with one of the ids.
        """
        places: Sequence[int] = range(len(index)) if self.ids is None else index.find(self.ids)
        if self.order == "random":
            places = sorted(places, key=lambda place: index.rank(place, self.seed))
        elif self.order == "stratified":
            places = self._balanced(places, index)
        return places if self.limit is None else places[: self.limit]

    def _balanced(self, places: Sequence[int], index: SampleIndex) -> list[int]:
        sizes = Counter(index.category(place) for place in places)
        seen: Counter[int] = Counter()
        keys: dict[int, tuple[float, bytes]] = {}
        for place in sorted(places, key=lambda place: index.rank(place, self.seed)):
            category = index.category(place)
            share = (seen[category] + 0.5) / sizes[category]
            keys[place] = (share, index.rank(place, self.seed))
            seen[category] += 1
        return sorted(places, key=keys.__getitem__)


class SampleIndex:
    """What a selection needs of each sample, in twelve bytes: a hash of its id, its category."""

    def __init__(self) -> None:
        self._ids = bytearray()
        self._categories = array("I")
        self._numbers: dict[str | None, int] = {}

    def __len__(self) -> int:
        return len(self._categories)

    def add(self, sample_id: str, category: str | None) -> None:
        """Add the next sample."""
        self._ids += _hash(sample_id.encode())
        self._categories.append(self._numbers.setdefault(category, len(self._numbers)))

    def rank(self, place: int, seed: int) -> bytes:
        """Return by what a sample is sorted under a seed."""
        return _rank(self._ids[8 * place : 8 * place + 8], seed)

    def category(self, place: int) -> int:
        """Return the number of a sample's category."""
        return self._categories[place]

    def find(self, ids: Sequence[str]) -> list[int]:
        """Return the places of the samples with these ids, in the benchmark's order.

        Raises:
            DatasetError: ``sample_unknown``: there is none with one of them.
        """
        wanted = {_hash(each.encode()): each for each in ids}
        found = {}
        for place in range(len(self)):
            key = bytes(self._ids[8 * place : 8 * place + 8])
            if key in wanted:
                found[key] = place
        missing = [name for key, name in wanted.items() if key not in found]
        if missing:
            shown, more = ", ".join(missing[:_SHOWN_IDS]), len(missing) - _SHOWN_IDS
            raise DatasetError(
                SAMPLE_UNKNOWN,
                f"The benchmark has no sample with the id {shown}"
                + (f" and {more} more." if more > 0 else "."),
                "Copy ids from the samples of an earlier run.",
            )
        return sorted(found.values())


def random_part(samples: Iterable[Sample], count: int, seed: int) -> list[Sample]:
    """Return what ``Selection(count, "random", seed)`` chooses, in one pass over the samples."""
    return nsmallest(count, samples, key=lambda sample: _rank(_hash(sample.id.encode()), seed))


def _rank(hashed_id: bytes | bytearray, seed: int) -> bytes:
    return _hash(hashed_id + seed.to_bytes(8))


def _hash(data: bytes | bytearray) -> bytes:
    return hashlib.blake2b(data, digest_size=8).digest()
