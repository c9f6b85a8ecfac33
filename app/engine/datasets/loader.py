"""Finds the records of a benchmark: our own code, the mirror, the cache or the network."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from app.engine.benchmarks.spec import AnyRef, DatasetRef, GeneratedRef, LocalRef, Protocol, Record
from app.engine.datasets.conversion import convert_to_jsonl
from app.engine.datasets.dataset import (
    Dataset,
    FileSource,
    GeneratedSource,
    LocalSource,
    Source,
    build_samples,
)
from app.engine.datasets.hub import (
    PARQUET_REVISION,
    Hub,
    HubFile,
    HuggingFaceHub,
    gated,
    split_files,
)
from app.engine.datasets.records import read_lines
from app.engine.engine_errors import DatasetError
from app.engine.types import Sample
from app.net.call_errors import CallError
from app.net.download import Downloader, OnBytes, looks_like_page, web_page

Fetch = Callable[[str, Path, OnBytes], object]
"""Downloads an address to a file; raises ``CallError`` or ``OSError``."""

Progress = Callable[[str], None]

GO_ONLINE = "Set DATASETS_DIR to a folder with a copy, or allow downloads (unset OFFLINE)."


@dataclass(frozen=True, slots=True)
class Transfer:
    """How far the download of one dataset is.

    Attributes:
        name: The dataset.
        done_bytes: What is here.
        total_bytes: Of all files that are needed; ``None`` where the server does not say.
    """

    name: str
    done_bytes: int
    total_bytes: int | None


OnTransfer = Callable[[Transfer], None]


class DatasetLoader:
    """Loads the datasets of a protocol, from the nearest place that has them.

    In this order: generated records; the mirror, a folder with
    ``<org>__<name>/<config>/<split>.jsonl`` (or ``.jsonl.gz``); the cache of earlier
    downloads; both again for the stand-in, if there is one; then, unless ``offline``, the
    address of the reference or the hub at its pinned revision, converted once to JSON lines in
    the cache. A file in the cache that is damaged is downloaded again.
    """

    def __init__(
        self,
        *,
        cache_dir: Path,
        mirror_dir: Path | None,
        hub_token: str | None = None,
        offline: bool = False,
        downloader: Downloader | None = None,
        hub_endpoint: str | None = None,
        fetch: Fetch | None = None,
        hub: Hub | None = None,
    ) -> None:
        """Remember where to look.

        Args:
            cache_dir: Writable folder for downloads; created when needed.
            mirror_dir: Read-only folder of copies, used first; ``None`` without one.
            hub_token: Access token for gated datasets of the hub.
            offline: Never use the network.
            downloader: Makes the requests; ``None`` for one that reaches public addresses.
            hub_endpoint: Address of the hub or of a mirror of it; ``None`` for the public one.
            fetch: Downloads addresses outside the hub; ``None`` for ``downloader``.
            hub: The hub to ask; ``None`` for the one at ``hub_endpoint``.
        """
        self._cache_dir = cache_dir
        self._mirror_dir = mirror_dir
        self._hub_token = hub_token
        self._offline = offline
        self._downloader = downloader or Downloader()
        self._fetch = fetch or self._downloader.save
        self._hub = hub or HuggingFaceHub(self._downloader, hub_token, hub_endpoint)

    def load(
        self,
        protocol: Protocol,
        progress: Progress | None = None,
        on_transfer: OnTransfer | None = None,
    ) -> Dataset:
        """Return the checked dataset of ``protocol``.

        Args:
            protocol: Names the splits and how to build samples.
            progress: Called with a sentence for each step that takes time.
            on_transfer: Called often while something is downloaded.

        Raises:
            DatasetError: ``dataset_unavailable``, ``dataset_gated``, ``dataset_token``,
                ``dataset_digest`` or ``dataset_invalid``.
            Canceled: :meth:`close` was called.
        """
        report = progress or _silence
        for ref in protocol.datasets:
            if isinstance(ref, LocalRef):
                _check_local(ref)
        missing = [ref for ref in _refs(protocol) if not self._is_intact(ref)]
        self._download_all(missing, report, on_transfer or _silence)
        sources = [self._source(ref) for ref in protocol.datasets]
        support = {
            name: list[Record](self._source(ref).records())
            for name, ref in protocol.support.items()
        }
        for source in _first_of_each(sources):
            report(f"Checking {source.label}")
        return Dataset(sources, protocol.build, support)

    def close(self) -> None:
        """End the download under way, from another thread."""
        self._downloader.close()

    def available(self, protocol: Protocol) -> bool:
        """Return whether ``protocol`` can be loaded without the network."""
        return all(
            self._is_here(ref) for ref in chain(protocol.datasets, protocol.support.values())
        )

    def preview(self, protocol: Protocol, count: int) -> list[Sample]:
        """Return the first ``count`` samples of data that is here, without checking the others.

        Raises:
            DatasetError: As :meth:`load`, for the records that were read.
        """
        return list(islice(self.unchecked(protocol), count))

    def unchecked(self, protocol: Protocol) -> Iterator[Sample]:
        """Yield the samples as they are read, without checking them all first.

        Raises:
            DatasetError: As :meth:`load`, for the records that were read.
        """
        support = {
            name: list[Record](self._source(ref).records())
            for name, ref in protocol.support.items()
        }
        sources = [self._source(ref) for ref in protocol.datasets]
        yield from build_samples(sources, protocol.build, support)

    def _is_here(self, ref: AnyRef) -> bool:
        if isinstance(ref, LocalRef):
            return ref.path.is_file()
        return isinstance(ref, GeneratedRef) or self._here(ref) is not None

    def _source(self, ref: AnyRef) -> Source:
        if isinstance(ref, GeneratedRef):
            return GeneratedSource(ref)
        if isinstance(ref, LocalRef):
            return LocalSource(ref)
        here = self._here(ref)
        if here is None:
            raise DatasetError(
                "dataset_unavailable", f"{_name(ref)} is not on this machine.", GO_ONLINE
            )
        return here

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

    def _is_intact(self, ref: DatasetRef) -> bool:
        """Return whether the records of ``ref`` are here; forgets a download that is damaged.

        Raises:
            DatasetError: ``dataset_invalid``: it is damaged, and may not be downloaded again.
        """
        here = self._here(ref)
        if here is None or not here.path.is_relative_to(self._cache_dir):
            return here is not None
        if _matches_receipt(here.path):
            return True
        if self._offline:
            raise DatasetError(
                "dataset_invalid",
                f"The downloaded copy of {_name(here.ref)} is damaged, and downloads are off.",
                GO_ONLINE,
            )
        here.path.unlink(missing_ok=True)
        _receipt(here.path).unlink(missing_ok=True)
        return self._is_intact(ref)  # perhaps there is a stand-in

    def _download_all(
        self, refs: Sequence[DatasetRef], report: Progress, on_transfer: OnTransfer
    ) -> None:
        """Download all of ``refs``, one dataset after the other."""
        for ref in refs:
            if self._offline:
                raise DatasetError(
                    "dataset_unavailable",
                    f"{_name(ref)} is not on this machine, and downloads are off.",
                    GO_ONLINE,
                )
            if ref.gated and not self._hub_token:
                raise gated(ref.repo)
        of_hub: dict[tuple[str, str | None], list[DatasetRef]] = {}
        for ref in refs:
            if ref.url is not None:
                report(f"Downloading {_name(ref)}")
                self._convert_url(ref, ref.url, on_transfer)
            else:
                of_hub.setdefault((ref.repo, ref.revision), []).append(ref)
        for (repo, revision), splits in of_hub.items():
            more = f" ({len(splits)} parts)" if len(splits) > 1 else ""
            report(f"Downloading {repo}{more}" if more else f"Downloading {_name(splits[0])}")
            self._convert_hub(repo, revision, splits, on_transfer)

    def _convert_hub(
        self,
        repo: str,
        revision: str | None,
        refs: Sequence[DatasetRef],
        on_transfer: OnTransfer,
    ) -> None:
        """Download splits of one repository, whose list of files is asked for once."""
        wanted = self._files_of(repo, revision, refs)
        sizes = [file.size for _, _, files in wanted for file in files]
        total = None if None in sizes else sum(size or 0 for size in sizes)
        before = 0

        def count(here: int, _of_file: int | None = None) -> None:
            on_transfer(Transfer(repo, before + here, total))

        count(0)
        for ref, place, files in wanted:
            target, start = self._cached(ref), before
            for is_last in (False, True):
                try:
                    with _parts(target, [file.path for file in files]) as parts:
                        for file, part in zip(files, parts, strict=True):
                            self._hub.download(repo, file, place, part, count)
                            before += part.stat().st_size
                        _convert(parts, target, ref)
                    break
                except DatasetError as error:
                    # Where the hub names no digest, damage shows only now.
                    unproved = any(file.digest is None for file in files)
                    if is_last or error.code != "dataset_invalid" or not unproved:
                        raise
                    before = start

    def _files_of(
        self, repo: str, revision: str | None, refs: Sequence[DatasetRef]
    ) -> list[tuple[DatasetRef, str | None, list[HubFile]]]:
        """Return which files of which revision hold each of ``refs``."""
        listed = self._hub.list_files(repo, revision)
        card = self._hub.card(repo, revision, listed)
        converted: Sequence[HubFile] | None = None
        wanted = []
        for ref in refs:
            place, files = revision, split_files(ref, listed, card)
            if not files:
                # Old datasets are a script, which we do not run: take the hub's own conversion.
                place = PARQUET_REVISION
                converted = converted or self._hub.list_files(repo, place)
                files = split_files(ref, converted, {})
            if not files:
                raise DatasetError(
                    "dataset_unavailable",
                    f"The hub's {repo} has no readable file for {ref.config}/{ref.split}.",
                    "Put a copy into DATASETS_DIR as JSON lines.",
                )
            wanted.append((ref, place, files))
        return wanted

    def _convert_url(self, ref: DatasetRef, url: str, on_transfer: OnTransfer) -> None:
        target = self._cached(ref)

        def count(here: int, total: int | None) -> None:
            on_transfer(Transfer(ref.repo, here, total))

        with _parts(target, [url.rpartition("/")[2]]) as (part,):
            for is_last in (False, True):
                try:
                    self._fetch(url, part, count)
                except (CallError, OSError) as error:
                    raise DatasetError(
                        "dataset_unavailable",
                        f"{url} could not be downloaded. {error}",
                        "Check that this server may reach it (HTTPS_PROXY says how), then Resume; "
                        "or put a copy into DATASETS_DIR.",
                    ) from error
                if ref.sha256 in (None, _sha256(part)):
                    break
                if is_last:
                    raise _another_file(part, url, ref.sha256)
            _convert([part], target, ref)


@contextmanager
def _parts(target: Path, names: Sequence[str]) -> Iterator[list[Path]]:
    """Give paths beside ``target`` for downloads of these names; they are deleted afterwards."""
    target.parent.mkdir(parents=True, exist_ok=True)
    parts = [
        target.with_name(f".{uuid.uuid4().hex}.{name.rpartition('/')[2][-150:]}") for name in names
    ]
    try:
        yield parts
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


def _convert(files: Sequence[Path], target: Path, ref: DatasetRef) -> None:
    """Convert downloads to JSON lines, with a receipt by which damage is seen later."""
    convert_to_jsonl(files, target, tuple(ref.fields))
    _write_receipt(target)


def _receipt(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _write_receipt(path: Path) -> None:
    draft = path.with_name(f".{uuid.uuid4().hex}.sha256")
    draft.write_text(f"{_sha256(path)}  {path.name}\n")
    draft.replace(_receipt(path))


def _matches_receipt(path: Path) -> bool:
    """Return whether a file is as it was when it was downloaded.

    One of an earlier Studio, without a receipt, gets one if it can be read.
    """
    try:
        return _receipt(path).read_text().split()[:1] == [_sha256(path)]
    except OSError:
        pass
    lines = 0
    try:
        for lines, line in read_lines(path, path.name):  # noqa: B007 - how many there were
            json.loads(line)
    except (DatasetError, ValueError):
        return False
    if not lines:
        return False
    with suppress(OSError):
        _write_receipt(path)
    return True


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _refs(protocol: Protocol) -> Iterator[DatasetRef]:
    """Yield the references to files that can be downloaded."""
    for ref in chain(protocol.datasets, protocol.support.values()):
        if isinstance(ref, DatasetRef):
            yield ref


def _name(ref: DatasetRef) -> str:
    return f"{ref.repo} {ref.config}/{ref.split}"


def _another_file(path: Path, url: str, expected: str | None) -> DatasetError:
    """Return the error for a download that is not what the benchmark was defined with."""
    with path.open("rb") as stream:
        if looks_like_page(stream.read(64)):
            return DatasetError(
                "dataset_unavailable",
                f"{url} could not be downloaded. {web_page(urlsplit(url).netloc)}",
                "Sign in to the network on this server, or set HTTPS_PROXY; then Resume. Or put a "
                "copy into DATASETS_DIR.",
            )
    return DatasetError(
        "dataset_digest",
        f"{url} is not the file this benchmark was defined with: its SHA-256 is "
        f"{_sha256(path)}, expected {expected}.",
        "Put the original file into DATASETS_DIR, or update OpenBench Studio.",
    )


def _check_local(ref: LocalRef) -> None:
    again = "Upload it again as a new version."
    if not ref.path.is_file():
        raise DatasetError(
            "dataset_unavailable", f"The file of {ref.label} is not on this machine.", again
        )
    if _sha256(ref.path) != ref.sha256:
        raise DatasetError(
            "dataset_digest", f"The file of {ref.label} was changed after its upload.", again
        )


def _folder(ref: DatasetRef) -> str:
    return ref.repo.replace("/", "__")


def _silence(_news: object) -> None:
    """Ignore progress."""


_T = TypeVar("_T", bound=Source)


def _first_of_each(sources: Iterable[_T]) -> Iterator[_T]:
    """Yield one source per dataset: 27 configs of one repository are one step to a reader."""
    seen: set[str] = set()
    for source in sources:
        name = source.ref.repo if isinstance(source, FileSource) else source.label
        if name not in seen:
            seen.add(name)
            yield source
