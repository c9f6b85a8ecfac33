"""Turns downloaded files (Parquet, CSV, TSV, JSON) into JSON lines, once."""

from __future__ import annotations

import csv
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from app.engine.benchmarks.spec import Record
from app.engine.datasets.records import read_records, write_records
from app.engine.engine_errors import DatasetError

ROWS_PER_BATCH = 64


def convert_to_jsonl(files: Iterable[Path], target: Path, columns: Sequence[str]) -> None:
    """Write the rows of ``files`` to ``target``, which appears only when complete.

    Two processes may do so at once: each writes a file of its own and renames it.

    Args:
        files: Parquet, JSON lines, CSV (with a header), TSV (without one) or one JSON list.
        target: The JSON-lines file to make; its folder is created.
        columns: Names for the columns of a TSV file, in order.

    Raises:
        DatasetError: ``dataset_invalid``: a file cannot be read.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            for path in files:
                write_records(read_rows(path, columns), stream)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def read_rows(path: Path, columns: Sequence[str]) -> Iterator[Record]:
    """Yield the rows of one downloaded file.

    Raises:
        DatasetError: ``dataset_invalid``: the file is damaged or of an unknown kind.
    """
    kind = path.name.removesuffix(".gz").rpartition(".")[2]
    if kind == "parquet":
        return _read_parquet(path)
    if kind in ("csv", "tsv"):
        return _read_table(path, columns if kind == "tsv" else None)
    if kind == "jsonl":
        return read_records(path, path.name, {})
    if kind == "json":
        return _read_json(path)
    raise DatasetError("dataset_invalid", f"{path.name}: files of this kind cannot be read")


def _read_parquet(path: Path) -> Iterator[Record]:
    import pyarrow  # type: ignore[import-untyped]
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=ROWS_PER_BATCH):
                for row in batch.to_pylist():
                    yield {name: value for name, value in row.items() if not _is_binary(value)}
    except (pyarrow.ArrowException, OSError) as error:
        raise DatasetError("dataset_invalid", f"{path.name}: cannot be read ({error})") from error


def _is_binary(value: Any) -> bool:
    """Return whether a value is binary, such as an image, which JSON cannot hold."""
    return isinstance(value, bytes) or (isinstance(value, dict) and "bytes" in value)


def _read_table(path: Path, columns: Sequence[str] | None) -> Iterator[Record]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    options: dict[str, Any] = {}
    # As inspect_ai reads a CSV file: a line break inside a field is ``\n`` whatever the file has.
    newline = None
    if columns is not None:
        # Without quoting: a quotation mark in such a file is part of the text.
        options = {"fieldnames": columns, "delimiter": "\t", "quoting": csv.QUOTE_NONE}
        newline = ""
    try:
        with path.open(encoding="utf-8-sig", newline=newline) as stream:
            for row in csv.DictReader(stream, **options):
                named = {name: value for name, value in row.items() if name is not None}
                if any(value and value.strip() for value in named.values()):
                    yield named
    except (csv.Error, UnicodeDecodeError) as error:
        raise DatasetError("dataset_invalid", f"{path.name}: cannot be read ({error})") from error


def _read_json(path: Path) -> Iterator[Record]:
    """Read a JSON file: a list, an object with one list, or JSON lines."""
    try:
        content = json.loads(path.read_bytes())
    except ValueError:
        yield from read_records(path, path.name, {})
        return
    if isinstance(content, dict):
        content = next((value for value in content.values() if isinstance(value, list)), [content])
    yield from content
