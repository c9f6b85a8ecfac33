"""Files of a dataset repository at the Hugging Face hub, over plain HTTP.

The hub's own client would fetch large files from a storage with a protocol of its own (Xet), wait
for minutes in code that nobody can end, and keep what arrived damaged. Plain requests give every
file, too.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urljoin, urlsplit

import yaml  # type: ignore[import-untyped]

from app.engine.benchmarks.spec import DatasetRef
from app.engine.engine_errors import DatasetError
from app.net.download import (
    Document,
    Downloader,
    DownloadError,
    OnBytes,
    looks_like_page,
    web_page,
)

ENDPOINT = "https://huggingface.co"

PARQUET_REVISION = "refs/convert/parquet"
"""The branch in which the hub keeps every dataset as Parquet, made by itself."""

READABLE = (".parquet", ".jsonl", ".jsonl.gz", ".csv", ".tsv", ".json")
TRY_AGAIN = "Resume to try again, or put a copy into DATASETS_DIR."

_MOST_PAGES = 200
_NEXT = re.compile(r'<([^<>]*+)>\s*+;\s*+rel="?next"?')
_METADATA = re.compile(r"\A\s*---\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_HEX = re.compile(r"[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file as the hub lists it.

    Attributes:
        path: In its repository.
        size: In bytes; ``None`` where the hub does not say.
        digest: SHA-256 of a large file, or git's SHA-1 of a small one, in hex; ``None`` where the
            hub names none.
    """

    path: str
    size: int | None = None
    digest: str | None = None


class Hub(Protocol):
    """The protocol of a hub, as the loader uses it."""

    def list_files(self, repo: str, revision: str | None) -> Sequence[HubFile]:
        """Return all files of the dataset repository ``repo``."""

    def download(
        self, repo: str, file: HubFile, revision: str | None, target: Path, on_bytes: OnBytes
    ) -> None:
        """Write one file to ``target``, and check it."""

    def card(self, repo: str, revision: str | None, files: Sequence[HubFile]) -> Mapping[str, Any]:
        """Return the metadata block of the repository's README; empty without one."""


class HuggingFaceHub:
    """The real hub, or a mirror of its layout.

    Args:
        downloader: Makes the requests.
        token: Sent with each request to the hub itself; ``None`` without one.
        endpoint: Address of the hub.
    """

    def __init__(
        self, downloader: Downloader, token: str | None = None, endpoint: str | None = None
    ) -> None:
        self._downloader = downloader
        self._has_token = token is not None
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._endpoint = (endpoint or ENDPOINT).rstrip("/")

    def list_files(self, repo: str, revision: str | None) -> Sequence[HubFile]:
        """Return all files of the dataset repository ``repo``.

        Raises:
            DatasetError: ``dataset_gated``, ``dataset_token`` or ``dataset_unavailable``.
        """
        url = f"{self._endpoint}/api/datasets/{repo}/tree/{_revision(revision)}?recursive=true"
        files: list[HubFile] = []
        for _ in range(_MOST_PAGES):
            page = self._read(repo, url)
            files += _files_of(page, self._host, repo)
            following = _NEXT.search(page.headers.get("link", ""))
            if following is None:
                break
            url = urljoin(url, following[1])
        return files

    def download(
        self, repo: str, file: HubFile, revision: str | None, target: Path, on_bytes: OnBytes
    ) -> None:
        """Write one file to ``target``; one that arrives damaged is fetched once more.

        Raises:
            DatasetError: As :meth:`list_files`, or ``dataset_digest``.
            OSError: The file cannot be written.
        """
        url = self._file_url(repo, revision, file.path)
        for is_last in (False, True):
            try:
                headers = self._downloader.save(url, target, on_bytes, self._headers)
                if looks_like_page(_start_of(target)):
                    raise web_page(self._host)
            except DownloadError as error:
                raise self._explain(error, repo) from error
            damage = _damage(target, file, headers)
            if damage is None:
                return
            if is_last:
                raise DatasetError(
                    "dataset_digest",
                    f"{file.path} of {repo} arrived damaged twice: {damage}.",
                    TRY_AGAIN,
                )

    def card(self, repo: str, revision: str | None, files: Sequence[HubFile]) -> Mapping[str, Any]:
        """Return the metadata block of the repository's README; empty without one.

        Raises:
            DatasetError: As :meth:`list_files`.
        """
        if all(file.path != "README.md" for file in files):
            return {}
        page = self._read(repo, self._file_url(repo, revision, "README.md"))
        block = _METADATA.match(page.body.decode("utf-8-sig", "replace"))
        try:
            metadata = yaml.safe_load(block[1]) if block else None
        except yaml.YAMLError:
            return {}  # the usual names of files may do without it
        return metadata if isinstance(metadata, dict) else {}

    @property
    def _host(self) -> str:
        return urlsplit(self._endpoint).netloc

    def _file_url(self, repo: str, revision: str | None, path: str) -> str:
        return f"{self._endpoint}/datasets/{repo}/resolve/{_revision(revision)}/{quote(path)}"

    def _read(self, repo: str, url: str) -> Document:
        try:
            page = self._downloader.read(url, self._headers)
            if looks_like_page(page.body):
                raise web_page(self._host)
        except DownloadError as error:
            raise self._explain(error, repo) from error
        return page

    def _explain(self, error: DownloadError, repo: str) -> DatasetError:
        """Return what a failed download means for whoever waits for the dataset."""
        if error.status in (401, 403) and error.host == self._host:
            return self._refusal(error, repo)
        if error.code == "web_page":
            return DatasetError(
                "dataset_unavailable",
                f"{repo} could not be downloaded. {error.message}",
                "Sign in to the network on this server, or set HTTPS_PROXY or HF_ENDPOINT; then "
                "Resume. Or put a copy into DATASETS_DIR.",
            )
        if error.status == 404:
            return DatasetError(
                "dataset_unavailable",
                f"The hub ({self._host}) does not have {repo}, or not in the version that the "
                "benchmark is defined with.",
                "Put a copy into DATASETS_DIR.",
            )
        if error.status == 429:
            return DatasetError(
                "dataset_unavailable",
                f"The hub ({self._host}) has had too many requests from this server.",
                "Resume in a while"
                + ("." if self._has_token else "; with HF_TOKEN it allows more."),
            )
        who = f"The hub ({self._host})"
        if error.host != self._host:
            who = f"The hub ({self._host}) answers, but the storage that it names ({error.host})"
        return DatasetError(
            "dataset_unavailable",
            f"{repo} could not be downloaded. {who} {_failing(error)}",
            f"Check that this server may reach {error.host} (HTTPS_PROXY and HF_ENDPOINT say how); "
            "then Resume. Or put a copy into DATASETS_DIR.",
        )

    def _refusal(self, error: DownloadError, repo: str) -> DatasetError:
        """Return what the hub refuses: the terms, the token, or the account behind it."""
        code = error.headers.get("x-error-code", "")
        said = error.headers.get("x-error-message", "")
        if code == "GatedRepo" and not (error.status == 401 and self._has_token):
            return gated(repo)
        if self._has_token and (error.status == 401 or "token" in said.lower()):
            return DatasetError(
                "dataset_token",
                f"The hub ({self._host}) refuses the token in HF_TOKEN"
                + (f": {said.rstrip('.')[:200]}." if said else "."),
                "Set HF_TOKEN to a token that is valid and may read public gated repositories, "
                "restart the Studio, then Resume.",
            )
        return DatasetError(
            "dataset_unavailable",
            f"The hub ({self._host}) does not give {repo} to this server "
            f"(status {error.status}): it is private, gone, or needs a token.",
            "Set HF_TOKEN to a token that may read it, or put a copy into DATASETS_DIR.",
        )


def split_files(
    ref: DatasetRef, files: Sequence[HubFile], card: Mapping[str, Any]
) -> list[HubFile]:
    """Return the files that hold the split of ``ref``, in order.

    The README's ``configs`` decide where they name the config; otherwise the usual names do
    (``config/split-00000-of-00001.parquet``, ``data/split.jsonl``).
    """
    by_path = {file.path: file for file in files}
    readable = sorted(path for path in by_path if path.endswith(READABLE))
    patterns = _card_patterns(ref, card)
    found = [path for path in readable if any(fnmatchcase(path, one) for one in patterns)]
    return [by_path[path] for path in found or _by_name(ref, readable)]


def _card_patterns(ref: DatasetRef, card: Mapping[str, Any]) -> list[str]:
    for config in _list_of(card.get("configs")):
        named = isinstance(config, dict) and config.get("config_name", "default") == ref.config
        if named:
            return _patterns_of_split(config.get("data_files"), ref.split)
    return []


def _patterns_of_split(data_files: Any, split: str) -> list[str]:
    patterns: list[Any] = []
    for entry in _list_of(data_files):
        if isinstance(entry, str):
            patterns.append(entry)
        elif isinstance(entry, dict) and entry.get("split") == split:
            patterns += _list_of(entry.get("path"))
    return [pattern for pattern in patterns if isinstance(pattern, str)]


def _list_of(value: Any) -> list[Any]:
    """Return what people write as a list or as its only entry; what is neither is empty."""
    if isinstance(value, list | tuple):
        return list(value)
    return [value] if isinstance(value, str | dict) else []


def _by_name(ref: DatasetRef, readable: Sequence[str]) -> list[str]:
    folders = [f"{ref.config}/", "data/", ""]
    for folder in folders:
        for shape in (f"{folder}{ref.split}-*", f"{folder}{ref.split}.*", f"{folder}{ref.split}/*"):
            found = [path for path in readable if fnmatchcase(path, shape)]
            if found:
                return found
    return []


def _revision(revision: str | None) -> str:
    return quote(revision or "main", safe="")


def _files_of(page: Document, host: str, repo: str) -> list[HubFile]:
    """Return the files in one page of a listing."""
    try:
        entries = json.loads(page.body)
        return [_file_of(entry) for entry in entries if entry.get("type", "file") == "file"]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DatasetError(
            "dataset_unavailable",
            f"{host} does not answer as the hub does: its list of the files of {repo} cannot be "
            "read.",
            "Check HF_ENDPOINT and the network of this server; then Resume.",
        ) from error


def _file_of(entry: Mapping[str, Any]) -> HubFile:
    large = entry.get("lfs") or {}
    size = large.get("size", entry.get("size"))
    return HubFile(
        entry["path"],
        size if isinstance(size, int) else None,
        _digest_of(large.get("oid") or large.get("sha256"), 64) or _digest_of(entry.get("oid"), 40),
    )


def _digest_of(value: object, length: int) -> str | None:
    """Return a hex digest of ``length`` digits; ``None`` for anything else."""
    text = str(value or "").strip('"').removeprefix("sha256:").lower()
    return text if len(text) == length and _HEX.fullmatch(text) and text.strip("0") else None


def _damage(path: Path, file: HubFile, headers: Mapping[str, str]) -> str | None:
    """Return how a file differs from what the hub promised; ``None``: it does not."""
    size = path.stat().st_size
    if file.size is not None and size != file.size:
        return f"it has {size:,} bytes, the hub names {file.size:,}"
    linked = headers.get("x-linked-etag") or headers.get("etag")
    digest = file.digest if file.digest and len(file.digest) == 64 else _digest_of(linked, 64)
    wanted = digest or file.digest
    if wanted is None:
        return None
    found = _digests(path, sha256=len(wanted) == 64)
    return None if wanted in found else f"its digest is {found[0]}, the hub names {wanted}"


def _digests(path: Path, *, sha256: bool) -> tuple[str, ...]:
    """Return SHA-256, or git's SHA-1 of a blob and the plain one, which some mirrors name."""
    with path.open("rb") as stream:
        if sha256:
            return (hashlib.file_digest(stream, "sha256").hexdigest(),)
        blob = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
        plain = hashlib.sha1(usedforsecurity=False)
        while chunk := stream.read(1 << 20):
            blob.update(chunk)
            plain.update(chunk)
        return blob.hexdigest(), plain.hexdigest()


def _start_of(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(64)


def _failing(error: DownloadError) -> str:
    """Return what a server did wrong, as the end of a sentence about it."""
    if error.status is not None:
        return f"answers with an error (status {error.status})."
    if error.code == "timeout":
        return f"does not answer in time: {error.message}"
    if error.code == "tls":
        return f"cannot be trusted: {error.message}"
    return f"cannot be reached: {error.message}"


def gated(repo: str) -> DatasetError:
    """Return the error for a dataset whose terms this account has not accepted."""
    return DatasetError(
        "dataset_gated",
        f"{repo} is gated: its authors want you to accept their terms.",
        f"Accept them at https://huggingface.co/datasets/{repo} and set HF_TOKEN.",
    )
