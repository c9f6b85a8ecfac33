"""A dataset that can be iterated repeatedly without being held in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import le
from pathlib import Path
from typing import Any

from app.engine.benchmarks.spec import DatasetRef, GeneratedRef, LocalRef, Record, SampleBuilder
from app.engine.datasets.records import canonical_bytes, read_records
from app.engine.datasets.selection import SampleIndex, Selection
from app.engine.engine_errors import DatasetError
from app.engine.types import Sample

_ROUND_CHARS = 8_000_000
"""Of samples, held while samples are asked in another order than the benchmark's."""


@dataclass(frozen=True, slots=True)
class FileSource:
    """The records of one split in a JSON-lines file."""

    ref: DatasetRef
    path: Path

    @property
    def label(self) -> str:
        """The file's name in messages: its path in a mirror."""
        return f"{self.ref.repo.replace('/', '__')}/{self.ref.config}/{self.path.name}"

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the records, each with its config as ``_config``.

        Raises:
            DatasetError: ``dataset_invalid``.
        """
        for record in read_records(self.path, self.label, self.ref.fields):
            record["_config"] = self.ref.config
            yield record


@dataclass(frozen=True, slots=True)
class GeneratedSource:
    """Records made by our own code."""

    ref: GeneratedRef

    @property
    def label(self) -> str:
        """The source's name in messages."""
        return f"generated records (seed {self.ref.seed})"

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the records, each with ``_config`` set to ``generated``."""
        for index in range(self.ref.size):
            yield {**self.ref.generate(self.ref.seed, index), "_config": "generated"}


@dataclass(frozen=True, slots=True)
class LocalSource:
    """Records of an account's own file."""

    ref: LocalRef

    @property
    def label(self) -> str:
        """The file's name in messages."""
        return self.ref.label

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the records, each with ``_config`` set to ``own``.

        Raises:
            DatasetError: ``dataset_invalid``.
        """
        for record in read_records(self.ref.path, self.label, self.ref.fields):
            record["_config"] = "own"
            yield record


Source = FileSource | GeneratedSource | LocalSource


class Dataset:
    """Records and samples of one protocol, streamed from their sources on every pass.

    The first pass, made on construction, checks every record, builds every sample once and
    takes the digest; of each sample twelve bytes stay in memory, of few-shot splits
    (``support``) all.

    Attributes:
        size: Number of samples.
        digest: SHA-256 in hex over the canonical bytes of all records, those for few-shot
            examples included: two runs with the same digest asked the same questions.
    """

    size: int
    digest: str

    def __init__(
        self,
        sources: Sequence[Source],
        build: SampleBuilder,
        support: Mapping[str, Sequence[Record]] | None = None,
    ) -> None:
        """Check all records.

        Raises:
            DatasetError: ``dataset_invalid``: a record does not fit, or there are none.
        """
        self._sources = tuple(sources)
        self._build = build
        self._support = dict(support or {})
        digest = hashlib.sha256()
        self._index = SampleIndex()
        chars = 0
        for sample in self._samples(digest.update):
            self._index.add(sample.id, sample.category)
            chars += sample.chars
        self.size = len(self._index)
        for name in sorted(self._support):
            for record in self._support[name]:
                digest.update(canonical_bytes(record))
        self.digest = digest.hexdigest()
        self._round = max(1, _ROUND_CHARS * self.size // max(1, chars))
        if self.size == 0:
            labels = ", ".join(source.label for source in self._sources)
            raise DatasetError("dataset_invalid", f"{labels}: there are no records")

    def records(self) -> Iterator[Record]:
        """Yield all records, in the order of the sources."""
        for source in self._sources:
            yield from source.records()

    def first(self, count: int) -> Iterator[Sample]:
        """Yield the first samples in the benchmark's order."""
        return islice(self._samples(), count)

    def places(self, selection: Selection) -> Sequence[int]:
        """Return the places of the samples that are wanted, in the order of asking.

        Raises:
            DatasetError: ``sample_unknown``.
        """
        return selection.choose(self._index)

    def samples(self, places: Sequence[int] | None = None) -> Iterator[Sample]:
        """Yield the samples at these places, in this order.

        Samples can only be built one after the other. Those in the benchmark's order are yielded
        as they are built; others are collected in rounds, a pass over the records for each, so
        that no more than one round is in memory.

        Args:
            places: From 0; ``None``: all of them.

        Raises:
            DatasetError: ``dataset_invalid``: a file changed since it was checked.
        """
        if places is None:
            yield from self._samples()
        elif all(map(le, places, islice(places, 1, None))):
            yield from self._pick(places)
        else:
            for begin in range(0, len(places), self._round):
                part = places[begin : begin + self._round]
                found = dict(zip(sorted(part), self._pick(sorted(part)), strict=True))
                for place in part:
                    yield found.pop(place)

    def _pick(self, places: Sequence[int]) -> Iterator[Sample]:
        """Yield the samples at some places, which are sorted."""
        wanted = iter(places)
        place = next(wanted, None)
        for number, sample in enumerate(self._samples() if places else ()):
            if number == place:
                yield sample
                place = next(wanted, None)
                if place is None:
                    return

    def _samples(self, observe: Callable[[bytes], None] | None = None) -> Iterator[Sample]:
        return build_samples(self._sources, self._build, self._support, observe)


def build_samples(
    sources: Sequence[Source],
    build: SampleBuilder,
    support: Mapping[str, Sequence[Record]],
    observe: Callable[[bytes], None] | None = None,
) -> Iterator[Sample]:
    """Yield the samples that are built of the records of some sources.

    Args:
        sources: In order.
        build: Makes samples of records.
        support: Records for few-shot examples, by the name of their split.
        observe: Told the canonical bytes of each record.

    Raises:
        DatasetError: ``dataset_invalid``: ``build`` fails on a record.
    """
    position = _Position()
    records = position.follow(sources, observe)
    try:
        yield from build(records, support)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise DatasetError(
            "dataset_invalid",
            f"{position.label} record {position.number}: "
            f"does not fit the benchmark ({type(error).__name__}: {error})",
            "Replace the file with an intact copy, or delete it to download it again.",
        ) from error


class _Position:
    """Tracks the current record, for error messages."""

    def __init__(self) -> None:
        self.label = ""
        self.number = 0

    def follow(
        self, sources: Sequence[Source], observe: Callable[[bytes], None] | None
    ) -> Iterator[Record]:
        for source in sources:
            self.label = source.label
            for self.number, record in enumerate(source.records(), start=1):
                if observe is not None:
                    observe(canonical_bytes(record))
                yield record
