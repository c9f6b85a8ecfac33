"""A dataset that can be iterated repeatedly without being held in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from app.engine.benchmarks.spec import DatasetRef, GeneratedRef, LocalRef, Record, SampleBuilder
from app.engine.datasets.records import canonical_bytes, read_records
from app.engine.engine_errors import DatasetError
from app.engine.types import Sample


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
    takes the digest; memory does not grow with the number of records (few-shot splits in
    ``support`` are held).

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
        self.size = sum(1 for _ in self._samples(digest.update))
        for name in sorted(self._support):
            for record in self._support[name]:
                digest.update(canonical_bytes(record))
        self.digest = digest.hexdigest()
        if self.size == 0:
            labels = ", ".join(source.label for source in self._sources)
            raise DatasetError("dataset_invalid", f"{labels}: there are no records")

    def records(self) -> Iterator[Record]:
        """Yield all records, in the order of the sources."""
        for source in self._sources:
            yield from source.records()

    def samples(self, limit: int | None = None) -> Iterator[Sample]:
        """Yield the samples in the benchmark's order.

        Args:
            limit: Stop after so many: always the first ones, so that a small run is a part
                of a bigger one and two limited runs compare the same questions.

        Raises:
            DatasetError: ``dataset_invalid``: a file changed since it was checked.
        """
        return islice(self._samples(), limit)

    def _samples(self, observe: Callable[[bytes], None] | None = None) -> Iterator[Sample]:
        """Build samples; a record that the builder fails on is an error of the dataset."""
        position = _Position()
        records = position.follow(self._sources, observe)
        try:
            yield from self._build(records, self._support)
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
