"""Files of a dataset repository at the Hugging Face hub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Protocol

from app.disk import is_full
from app.engine.benchmarks.spec import DatasetRef
from app.engine.engine_errors import DatasetError

PARQUET_REVISION = "refs/convert/parquet"
"""The branch in which the hub keeps every dataset as Parquet, made by itself."""

READABLE = (".parquet", ".jsonl", ".jsonl.gz", ".csv", ".tsv", ".json")


class Hub(Protocol):
    """The protocol of a hub, as the loader uses it."""

    def list_files(self, repo: str, revision: str | None) -> Sequence[str]:
        """Return the paths of all files in the dataset repository ``repo``."""

    def download(self, repo: str, path: str, revision: str | None) -> Path:
        """Return a local copy of one file."""

    def card(self, repo: str, revision: str | None) -> Mapping[str, Any]:
        """Return the metadata block of the repository's README; empty without one."""


class HuggingFaceHub:
    """The real hub, through ``huggingface_hub``, which is imported on first use."""

    def __init__(self, cache_dir: Path, token: str | None, endpoint: str | None = None) -> None:
        """Keep downloads in ``cache_dir``; an ``endpoint`` replaces the public address."""
        self._cache_dir = cache_dir
        # False rather than None: no token lying about on this machine may be used instead.
        self._token: str | bool = token or False
        self._endpoint = endpoint

    def list_files(self, repo: str, revision: str | None) -> Sequence[str]:
        """Return the paths of all files in the dataset repository ``repo``.

        Raises:
            DatasetError: ``dataset_gated`` or ``dataset_unavailable``.
        """
        from huggingface_hub import HfApi

        api = HfApi(endpoint=self._endpoint, token=self._token)
        try:
            return api.list_repo_files(repo, repo_type="dataset", revision=revision)
        except Exception as error:
            raise _explain(error, repo) from error

    def download(self, repo: str, path: str, revision: str | None) -> Path:
        """Return a local copy of one file.

        Raises:
            DatasetError: ``dataset_gated`` or ``dataset_unavailable``.
        """
        from huggingface_hub import hf_hub_download

        try:
            local = hf_hub_download(
                repo,
                path,
                repo_type="dataset",
                revision=revision,
                token=self._token,
                endpoint=self._endpoint,
                cache_dir=self._cache_dir,
            )
        except Exception as error:
            if is_full(error):  # the part that it left would keep the disk full
                for part in self._cache_dir.glob("**/*.incomplete"):
                    part.unlink(missing_ok=True)
            raise _explain(error, repo) from error
        return Path(str(local))

    def card(self, repo: str, revision: str | None) -> Mapping[str, Any]:
        """Return the metadata block of the repository's README; empty without one.

        Raises:
            DatasetError: ``dataset_gated`` or ``dataset_unavailable``.
        """
        from huggingface_hub import metadata_load

        if "README.md" not in self.list_files(repo, revision):
            return {}
        return metadata_load(self.download(repo, "README.md", revision)) or {}


def split_files(ref: DatasetRef, files: Sequence[str], card: Mapping[str, Any]) -> list[str]:
    """Return the files that hold the split of ``ref``, in order.

    The README's ``configs`` decide where they name the config; otherwise the usual names do
    (``config/split-00000-of-00001.parquet``, ``data/split.jsonl``).
    """
    readable = sorted(path for path in files if path.endswith(READABLE))
    patterns = _card_patterns(ref, card)
    found = [path for path in readable if any(fnmatchcase(path, one) for one in patterns)]
    return found or _by_name(ref, readable)


def _card_patterns(ref: DatasetRef, card: Mapping[str, Any]) -> list[str]:
    for config in card.get("configs") or ():
        if config.get("config_name", "default") == ref.config:
            return _patterns_of_split(config.get("data_files") or (), ref.split)
    return []


def _patterns_of_split(data_files: Any, split: str) -> list[str]:
    if isinstance(data_files, str):
        return [data_files]
    patterns: list[str] = []
    for entry in data_files:
        if isinstance(entry, str):
            patterns.append(entry)
        elif entry.get("split") == split:
            path = entry.get("path") or ()
            patterns.extend([path] if isinstance(path, str) else path)
    return patterns


def _by_name(ref: DatasetRef, readable: Sequence[str]) -> list[str]:
    folders = [f"{ref.config}/", "data/", ""]
    for folder in folders:
        for shape in (f"{folder}{ref.split}-*", f"{folder}{ref.split}.*", f"{folder}{ref.split}/*"):
            found = [path for path in readable if fnmatchcase(path, shape)]
            if found:
                return found
    return []


def _explain(error: Exception, repo: str) -> DatasetError:
    """Return the error for a failed hub call; raises whatever the hub did not cause."""
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        return gated(repo)
    transport_error = errors.HfHubHTTPError.__bases__[0]  # no connection, a timeout
    if isinstance(error, transport_error | OSError):
        name = type(error).__name__
        return DatasetError(
            "dataset_unavailable",
            f"{repo} could not be downloaded from the hub ({name}).",
            "Try again later, or put a copy into DATASETS_DIR.",
        )
    raise error


def gated(repo: str) -> DatasetError:
    """Return the error for a dataset whose terms this account has not accepted."""
    return DatasetError(
        "dataset_gated",
        f"{repo} is gated: its authors want you to accept their terms.",
        f"Accept them at https://huggingface.co/datasets/{repo} and set HF_TOKEN.",
    )
