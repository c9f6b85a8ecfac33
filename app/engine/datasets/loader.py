"""Finds the records of a benchmark: our own code, the mirror, the cache or the network."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar

from app.engine.benchmarks.spec import AnyRef, DatasetRef, GeneratedRef, LocalRef, Protocol, Record
from app.engine.datasets.conversion import convert_to_jsonl
from app.engine.datasets.dataset import Dataset, FileSource, GeneratedSource, LocalSource, Source
from app.engine.datasets.hub import (
    PARQUET_REVISION,
    Hub,
    HuggingFaceHub,
    gated,
    split_files,
)
from app.engine.engine_errors import DatasetError
from app.engine.types import Sample
from app.net.call_errors import CallError

Fetch = Callable[[str, Path], None]
"""Downloads an address to a file; raises ``CallError`` or ``OSError``."""

Progress = Callable[[str], None]

GO_ONLINE = "Set DATASETS_DIR to a folder with a copy, or allow downloads (unset OFFLINE)."


class DatasetLoader:
    """Loads the datasets of a protocol, from the nearest place that has them.

    In this order: generated records; the mirror, a folder with
    ``<org>__<name>/<config>/<split>.jsonl`` (or ``.jsonl.gz``); the cache of earlier
    downloads; both again for the stand-in, if there is one; then, unless ``offline``, the
    address of the reference or the hub at its pinned revision, converted once to JSON lines in
    the cache.
    """

    def __init__(
        self,
        *,
        cache_dir: Path,
        mirror_dir: Path | None,
        hub_token: str | None = None,
        offline: bool = False,
        fetch: Fetch | None = None,
        hub: Hub | None = None,
    ) -> None:
        """Remember where to look.

        Args:
            cache_dir: Writable folder for downloads; created when needed.
            mirror_dir: Read-only folder of copies, used first; ``None`` without one.
            hub_token: Access token for gated datasets of the hub.
            offline: Never use the network.
            fetch: Downloads addresses outside the hub; ``None`` where that is not possible.
            hub: The hub to ask; ``None`` for the real one.
        """
        self._cache_dir = cache_dir
        self._mirror_dir = mirror_dir
        self._hub_token = hub_token
        self._offline = offline
        self._fetch = fetch
        self._hub = hub or HuggingFaceHub(cache_dir / "hub", hub_token)

    def load(self, protocol: Protocol, progress: Progress | None = None) -> Dataset:
        """Return the checked dataset of ``protocol``.

        Args:
            protocol: Names the splits and how to build samples.
            progress: Called with a sentence for each step that takes time.

        Raises:
            DatasetError: ``dataset_unavailable``, ``dataset_gated``, ``dataset_digest`` or
                ``dataset_invalid``.
        """
        report = progress or _silence
        for ref in protocol.datasets:
            if isinstance(ref, LocalRef):
                _check_local(ref)
        sources = [self._source(ref, report) for ref in protocol.datasets]
        support = {
            name: list[Record](self._source(ref, report).records())
            for name, ref in protocol.support.items()
        }
        for source in _first_of_each(sources):
            report(f"Checking {source.label}")
        return Dataset(sources, protocol.build, support)

    def available(self, protocol: Protocol) -> bool:
        """Return whether ``protocol`` can be loaded without the network."""
        return all(
            self._is_here(ref) for ref in chain(protocol.datasets, protocol.support.values())
        )

    def preview(self, protocol: Protocol, count: int) -> list[Sample]:
        """Return the first ``count`` samples without checking the others.

        Raises:
            DatasetError: As :meth:`load`, for the records that were read.
        """
        support = {
            name: list[Record](self._source(ref, _silence).records())
            for name, ref in protocol.support.items()
        }
        records = chain.from_iterable(
            self._source(ref, _silence).records() for ref in protocol.datasets
        )
        return list(islice(protocol.build(records, support), count))

    def _is_here(self, ref: AnyRef) -> bool:
        if isinstance(ref, LocalRef):
            return ref.path.is_file()
        return isinstance(ref, GeneratedRef) or self._here(ref) is not None

    def _source(self, ref: AnyRef, report: Progress) -> Source:
        if isinstance(ref, GeneratedRef):
            return GeneratedSource(ref)
        if isinstance(ref, LocalRef):
            return LocalSource(ref)
        return self._here(ref) or FileSource(ref, self._download(ref, report))

    def _here(self, ref: DatasetRef) -> FileSource | None:
        """Return the records of ``ref``, or of its stand-in, without the network."""
        for one in (ref, ref.stand_in):
            path = self._local(one) if one is not None else None
            if one is not None and path is not None:
                return FileSource(one, path)
        return None

    def _local(self, ref: DatasetRef) -> Path | None:
        """Return the file of ``ref`` in the mirror or the cache; ``None`` without one."""
        candidates = [self._cached(ref)]
        if self._mirror_dir is not None:
            plain = self._mirror_dir / _folder(ref) / ref.config / f"{ref.split}.jsonl"
            candidates[:0] = [plain, plain.with_name(f"{ref.split}.jsonl.gz")]
        return next((path for path in candidates if path.is_file()), None)

    def _cached(self, ref: DatasetRef) -> Path:
        version = ref.sha256 or ref.revision or "unpinned"
        return self._cache_dir / _folder(ref) / version / ref.config / f"{ref.split}.jsonl"

    def _download(self, ref: DatasetRef, report: Progress) -> Path:
        name = f"{ref.repo} {ref.config}/{ref.split}"
        if self._offline:
            raise DatasetError(
                "dataset_unavailable",
                f"{name} is not on this machine, and downloads are off.",
                GO_ONLINE,
            )
        if ref.gated and not self._hub_token:
            raise gated(ref.repo)
        report(f"Downloading {name}")
        target = self._cached(ref)
        if ref.url is not None:
            self._convert_url(ref, ref.url, target)
        else:
            self._convert_hub(ref, target)
        return target

    def _convert_hub(self, ref: DatasetRef, target: Path) -> None:
        revision = ref.revision
        card = self._hub.card(ref.repo, revision)
        files = split_files(ref, self._hub.list_files(ref.repo, revision), card)
        if not files:
            # Old datasets are a script, which we do not run: take the hub's own conversion.
            revision = PARQUET_REVISION
            files = split_files(ref, self._hub.list_files(ref.repo, revision), {})
        if not files:
            raise DatasetError(
                "dataset_unavailable",
                f"The hub's {ref.repo} has no readable file for {ref.config}/{ref.split}.",
                "Put a copy into DATASETS_DIR as JSON lines.",
            )
        local = (self._hub.download(ref.repo, path, revision) for path in files)
        convert_to_jsonl(local, target, tuple(ref.fields))

    def _convert_url(self, ref: DatasetRef, url: str, target: Path) -> None:
        if self._fetch is None:
            raise DatasetError(
                "dataset_unavailable", f"{url} cannot be downloaded here.", GO_ONLINE
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        download = target.with_name(f".{uuid.uuid4().hex}.{url.rpartition('/')[2]}")
        try:
            try:
                self._fetch(url, download)
            except (CallError, OSError) as error:
                raise DatasetError(
                    "dataset_unavailable", f"{url} could not be downloaded ({error}).", GO_ONLINE
                ) from error
            _check_digest(download, url, ref.sha256)
            convert_to_jsonl([download], target, tuple(ref.fields))
        finally:
            download.unlink(missing_ok=True)


def _check_digest(path: Path, url: str, expected: str | None) -> None:
    if expected is None:
        return
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != expected:
        raise DatasetError(
            "dataset_digest",
            f"{url} is not the file this benchmark was defined with: its SHA-256 is "
            f"{found}, expected {expected}.",
            "Put the original file into DATASETS_DIR, or update OpenBench Studio.",
        )


def _check_local(ref: LocalRef) -> None:
    again = "Upload it again as a new version."
    if not ref.path.is_file():
        raise DatasetError(
            "dataset_unavailable", f"The file of {ref.label} is not on this machine.", again
        )
    with ref.path.open("rb") as stream:
        if hashlib.file_digest(stream, "sha256").hexdigest() != ref.sha256:
            raise DatasetError(
                "dataset_digest", f"The file of {ref.label} was changed after its upload.", again
            )


def _folder(ref: DatasetRef) -> str:
    return ref.repo.replace("/", "__")


def _silence(_message: str) -> None:
    """Ignore progress messages."""


_T = TypeVar("_T", bound=Source)


def _first_of_each(sources: Iterable[_T]) -> Iterator[_T]:
    """Yield one source per dataset: 27 configs of one repository are one step to a reader."""
    seen: set[str] = set()
    for source in sources:
        name = source.ref.repo if isinstance(source, FileSource) else source.label
        if name not in seen:
            seen.add(name)
            yield source
