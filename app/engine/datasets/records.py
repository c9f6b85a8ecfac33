"""Rows of a JSON-lines file: read one at a time, checked, and hashed."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, cast

from app.engine.benchmarks.spec import Record
from app.engine.engine_errors import DatasetError

FieldTypes = Mapping[str, type | tuple[type, ...]]

MAX_LINE_BYTES = 64 * 1024 * 1024
"""A longer line is a damaged file, not a record: reading it would fill the memory."""


def open_bytes(path: Path) -> IO[bytes]:
    """Open ``path`` for reading, unpacked where its name ends in ``.gz``.

    Raises:
        OSError: The file cannot be opened.
    """
    if path.suffix == ".gz":
        return cast(IO[bytes], gzip.open(path, "rb"))
    return path.open("rb")


def read_lines(path: Path, label: str) -> Iterator[tuple[int, bytes]]:
    """Yield every non-empty line of ``path`` with its number, counted from 1.

    Args:
        path: A text file, or one packed with gzip.
        label: What error messages call the file.

    Raises:
        DatasetError: ``dataset_invalid``: the file is damaged, cut short or unreadable.
    """
    number = 0
    try:
        with open_bytes(path) as stream:
            while line := stream.readline(MAX_LINE_BYTES):
                number += 1
                if len(line) == MAX_LINE_BYTES:
                    raise invalid(label, number, "is longer than 64 MB")
                if line.strip():
                    yield number, line
    except (EOFError, zlib.error, OSError) as error:
        what = "the file ends early" if isinstance(error, EOFError) else f"cannot be read ({error})"
        raise invalid(label, number + 1, what) from error


def read_records(path: Path, label: str, fields: FieldTypes) -> Iterator[dict[str, Any]]:
    """Yield the records of a JSON-lines file, each checked against ``fields``.

    Only one record is in memory at a time.

    Raises:
        DatasetError: ``dataset_invalid``, with file, line and field.
    """
    for number, line in read_lines(path, label):
        try:
            record = json.loads(line, parse_constant=_refuse_constant)
        except ValueError as error:
            raise invalid(label, number, f"is not valid JSON ({error})") from error
        except RecursionError as error:
            raise invalid(label, number, "is nested too deeply") from error
        if not isinstance(record, dict):
            raise invalid(label, number, "is not a JSON object")
        check_fields(record, fields, label, number)
        yield record


def check_fields(record: Record, fields: FieldTypes, label: str, number: int) -> None:
    """Check that ``record`` has every field of ``fields`` with the right type.

    A boolean does not count as a number, and a whole number does count as a float.

    Raises:
        DatasetError: ``dataset_invalid``, with file, line and field.
    """
    for name, expected in fields.items():
        if name not in record:
            raise invalid(label, number, f"field {name!r} is missing")
        value = record[name]
        types = expected if isinstance(expected, tuple) else (expected,)
        if type(value) in types or (float in types and type(value) is int):
            continue
        wanted = " or ".join(_type_name(one) for one in types)
        found = _type_name(type(value))
        raise invalid(label, number, f"field {name!r} should be {wanted}, found {found}")


def canonical_bytes(record: Record) -> bytes:
    """Return the bytes of ``record`` that a digest covers: the same for any column order."""
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return text.encode("ascii") + b"\n"


def invalid(label: str, number: int, what: str) -> DatasetError:
    """Return the error for line ``number`` of the file ``label``."""
    return DatasetError(
        "dataset_invalid",
        f"{label} line {number}: {what}",
        "Replace the file with an intact copy, or delete it to download it again.",
    )


def write_records(records: Iterator[Record], stream: io.BufferedWriter) -> int:
    """Write ``records`` as JSON lines and return how many there were."""
    count = 0
    for record in records:
        stream.write(json.dumps(record, ensure_ascii=False, default=str).encode("utf-8"))
        stream.write(b"\n")
        count += 1
    return count


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _type_name(kind: type) -> str:
    names = {
        str: "text",
        int: "a whole number",
        float: "a number",
        bool: "true or false",
        list: "a list",
        dict: "an object",
        type(None): "null",
    }
    return names.get(kind, kind.__name__)
