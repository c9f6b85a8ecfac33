"""Reads some samples of the part of a benchmark that a run would ask."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from functools import lru_cache

from app.config import Settings
from app.engine.benchmarks.spec import Benchmark, LocalRef, Protocol
from app.engine.datasets.selection import SAMPLE_UNKNOWN, Selection, random_part
from app.engine.engine_errors import DatasetError
from app.engine.types import Sample
from app.queries.benchmarks import PREVIEW_SAMPLES, dataset_loader, preview_samples

log = logging.getLogger(__name__)

MOST_READ = 20_000
"""Samples of a benchmark that a request may read: half a second. Of a larger one, the first."""

_REMEMBERED_CHARS = 500_000


@dataclass(frozen=True, slots=True)
class _Source:
    """What is read; two of the same name, version and file are the same."""

    name: str
    version: int
    protocol_name: str
    file: str
    protocol: Protocol = field(compare=False)


def sample_part(
    benchmark: Benchmark, protocol: Protocol, settings: Settings, selection: Selection
) -> tuple[Sample, ...]:
    """Return up to 40 of the selected samples; none if the data is not on this machine.

    Of a run of all samples they are chosen at random: files are often sorted.
    """
    part = _part(benchmark, protocol, settings, selection)
    return () if isinstance(part, DatasetError) else part


def unknown_ids(
    benchmark: Benchmark, protocol: Protocol, settings: Settings, selection: Selection
) -> DatasetError | None:
    """Return which ids of a selection the benchmark lacks; ``None`` if none, or if it is unknown.

    It is unknown before the data is on this machine, and of very large benchmarks.
    """
    if selection.ids is None:
        return None
    part = _part(benchmark, protocol, settings, selection)
    return part if isinstance(part, DatasetError) and part.code == SAMPLE_UNKNOWN else None


def _part(
    benchmark: Benchmark, protocol: Protocol, settings: Settings, selection: Selection
) -> tuple[Sample, ...] | DatasetError:
    count = min(selection.limit or PREVIEW_SAMPLES, PREVIEW_SAMPLES)
    is_beginning = selection.order == "first" and selection.limit is not None
    if (is_beginning and selection.ids is None) or benchmark.size > MOST_READ:
        return preview_samples(benchmark, protocol.name, settings)[:count]
    if selection.order == "first" and selection.ids is None:
        selection = replace(selection, order="random")
    here = settings.model_copy(update={"offline": True})
    if not dataset_loader(here).available(protocol):
        return ()
    first = protocol.datasets[0]
    file = str(first.path) if isinstance(first, LocalRef) else ""
    source = _Source(benchmark.name, benchmark.version, protocol.name, file, protocol)
    try:
        return _remembered(source, here, replace(selection, limit=count))
    except _TooLargeError as read:
        return read.samples


class _TooLargeError(Exception):
    """Samples that are not remembered, as an exception never is: a part may have 40 MB."""

    def __init__(self, samples: tuple[Sample, ...]) -> None:
        self.samples = samples


@lru_cache(maxsize=64)
def _remembered(
    source: _Source, settings: Settings, selection: Selection
) -> tuple[Sample, ...] | DatasetError:
    part = _read(source, settings, selection)
    if not isinstance(part, DatasetError) and sum(each.chars for each in part) > _REMEMBERED_CHARS:
        raise _TooLargeError(part)
    return part


def _read(
    source: _Source, settings: Settings, selection: Selection
) -> tuple[Sample, ...] | DatasetError:
    loader = dataset_loader(settings)
    try:
        if selection.order == "random" and selection.ids is None and selection.limit is not None:
            samples = loader.unchecked(source.protocol)
            return tuple(random_part(samples, selection.limit, selection.seed))
        dataset = loader.load(source.protocol)
        return tuple(dataset.samples(dataset.places(selection)))
    except DatasetError as error:
        log.info("no samples", extra={"benchmark": source.name, "reason": error.message})
        return error
