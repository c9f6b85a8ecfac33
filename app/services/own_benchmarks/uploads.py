"""Uploaded files that are not benchmarks yet, kept for a day."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import IO
from uuid import uuid4

from app.config import Settings
from app.engine.own.file_rows import MAX_FILE_BYTES, MAX_ROWS, FileFormat, format_of
from app.engine.own.own_data_error import OwnDataError
from app.errors import Invalid, NotFound
from app.queries.catalog import own_folder

KEPT_S = 86_400
UNFINISHED_S = 3_600
MAX_WAITING = 5
MAX_WAITING_BYTES = 250 * 1024 * 1024
MAX_REQUEST_BYTES = MAX_FILE_BYTES + 64 * 1024
"""The file, and the fields of the form around it."""
LIMITS = (
    f"At most {MAX_FILE_BYTES // 2**20} MB, {MAX_ROWS:,} rows and 1 MB for each row; UTF-8; "
    "not compressed."
)
"""For readers."""

_CHUNK_BYTES = 1 << 20
_FINISHED = (".csv", ".jsonl")
_KEPT_S = {
    **dict.fromkeys(_FINISHED, KEPT_S),
    # What a web process that was killed left: no request lasts so long.
    **dict.fromkeys((".part", ".mapped"), UNFINISHED_S),
}
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that an account sent.

    Attributes:
        id: Names it in forms; says nothing of the user's file name.
        path: Where it is.
        file_format: ``csv`` or ``jsonl``.
    """

    id: str
    path: Path
    file_format: FileFormat


def keep_upload(account_id: int, stream: IO[bytes], name: str, settings: Settings) -> Upload:
    """Store a file chunk by chunk; the account's oldest uploads make room for it.

    Args:
        account_id: The only account that can find it again.
        stream: Its bytes.
        name: What the user calls it; only its ending is looked at.
        settings: Where data is kept.

    Raises:
        Invalid: It is too large, empty or compressed.
    """
    folder = upload_folder(settings)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    upload_id = uuid4().hex
    part = folder / f"{account_id}-{upload_id}.part"
    try:
        _copy(stream, part)
        file_format = format_of(part, name)
        path = part.with_suffix(f".{file_format}")
        part.rename(path)
        _make_room(account_id, path)
    except OwnDataError as error:
        raise as_invalid(error) from None
    finally:
        part.unlink(missing_ok=True)
    return Upload(upload_id, path, file_format)


def find_upload(account_id: int, upload_id: str, settings: Settings) -> Upload:
    """Return an upload of this account.

    Raises:
        NotFound: There is none (any more), or it is another account's.
    """
    formats: tuple[FileFormat, ...] = ("csv", "jsonl")
    if _ID.fullmatch(upload_id):
        for file_format in formats:
            path = upload_folder(settings) / f"{account_id}-{upload_id}.{file_format}"
            if path.is_file():
                return Upload(upload_id, path, file_format)
    raise NotFound(
        "The uploaded file is no longer on this server.",
        code="upload_not_found",
        action="Upload it again.",
    )


@contextmanager
def passing_upload(
    account_id: int, stream: IO[bytes], name: str, settings: Settings
) -> Iterator[Upload]:
    """Store a file for the duration of one request."""
    upload = keep_upload(account_id, stream, name, settings)
    try:
        yield upload
    finally:
        upload.path.unlink(missing_ok=True)


def remove_files(account_id: int, benchmark_ids: Iterable[str], settings: Settings) -> None:
    """Remove the files of benchmarks whose rows are gone, and all uploads of the account."""
    for benchmark_id in benchmark_ids:
        rmtree(own_folder(settings) / benchmark_id, ignore_errors=True)
    for path in upload_folder(settings).glob(f"{account_id}-*"):
        path.unlink(missing_ok=True)


def as_invalid(error: OwnDataError) -> Invalid:
    """Return a file's error as a request error."""
    return Invalid(
        error.message,
        code="own_data_invalid",
        fields={error.field: [error.message]},
        action="Correct it and upload the file again." if error.line else None,
    )


def upload_folder(settings: Settings) -> Path:
    """Return the folder of uploads."""
    return own_folder(settings) / "uploads"


def _copy(stream: IO[bytes], path: Path) -> None:
    size = 0
    with path.open("xb") as file:
        while chunk := stream.read(_CHUNK_BYTES):
            size += len(chunk)
            if size > MAX_FILE_BYTES:
                raise OwnDataError(f"The file is larger than {MAX_FILE_BYTES // 2**20} MB.")
            file.write(chunk)


def sweep_uploads(settings: Settings) -> int:
    """Remove uploads that were not saved within a day; returns how many."""
    folder = upload_folder(settings)
    swept = 0
    for path in folder.iterdir() if folder.is_dir() else ():
        kept_s = _KEPT_S.get(path.suffix)
        with suppress(FileNotFoundError):  # another process was faster
            if kept_s is not None and path.stat().st_mtime < time.time() - kept_s:
                path.unlink()
                swept += 1
    return swept


def _make_room(account_id: int, newest: Path) -> None:
    """Remove the account's oldest uploads beyond its limit."""
    waiting = []
    for path in newest.parent.glob(f"{account_id}-*"):
        with suppress(FileNotFoundError):
            if path.suffix in _FINISHED and path != newest:
                status = path.stat()
                waiting.append((status.st_mtime, status.st_size, path))
    count, total = 1, newest.stat().st_size
    for _, size, path in sorted(waiting, reverse=True):
        count, total = count + 1, total + size
        if count > MAX_WAITING or total > MAX_WAITING_BYTES:
            path.unlink(missing_ok=True)
