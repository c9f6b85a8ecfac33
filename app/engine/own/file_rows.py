"""Reads the rows of an uploaded file one at a time, within limits on memory.

Nothing in such a file is trusted: lines may be endless, cells huge, JSON nested without end.
So lines are read in bounded pieces and everything is refused by the number of its line.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal

from app.engine.own.json_document import JsonDocument, is_document
from app.engine.own.own_data_error import MAX_DEPTH, MAX_LINE_BYTES, OwnDataError

FileFormat = Literal["csv", "jsonl"]
Row = dict[str, Any]

MAX_FILE_BYTES = 100 * 1024 * 1024
MAX_ROWS = 100_000
MAX_LINES = 5_000_000
"""Also empty ones, and those within a cell: a hundred million of them are a minute's work."""
MAX_COLUMNS = 200
MAX_COLUMN_CHARS = 200
MAX_LOOK_BYTES = MAX_LINE_BYTES
MAX_CELL_CHARS = csv.field_size_limit()  # 131,072: the csv module's own

_DELIMITERS = ",;\t|"
_SEPARATOR = re.compile(r"\"?sep=([,;|\t])\"?\s*", re.IGNORECASE)
_WORKBOOKS = (b"[Content_Types].xml", b"xl/", b"mimetypeapplication/vnd.oasis", b"_rels/.rels")
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WORKBOOK_ENDINGS = ("xlsx", "xlsm", "xlsb", "xls", "ods", "numbers")
_PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
_FORMATS: dict[str, FileFormat] = {
    "csv": "csv",
    "tsv": "csv",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "json": "jsonl",
}


def format_of(path: Path, name: str) -> FileFormat:
    """Return the format of an uploaded file, by its name or its first bytes.

    Args:
        path: Where it is now.
        name: What the user calls it; only its ending is looked at.

    Raises:
        OwnDataError: It is empty or compressed.
    """
    with path.open("rb") as stream:
        head = stream.read(256)
    if not head.strip():
        raise OwnDataError("The file is empty.")
    ending = name.lower().rpartition(".")[2]
    if _is_workbook(head, ending):
        raise OwnDataError(
            "This is a spreadsheet (such as xlsx), which is not read here. Save it as CSV and "
            "upload that: in Excel with File, Save As, “CSV UTF-8 (Comma delimited)”; in "
            "LibreOffice or Google Sheets as “CSV”. Only one sheet is saved."
        )
    if head.startswith(_PACKED):
        raise OwnDataError("Compressed files are not accepted; upload the CSV or JSON file itself.")
    begins = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return _FORMATS.get(ending) or ("jsonl" if begins in (b"{", b"[") else "csv")


def _is_workbook(head: bytes, ending: str) -> bool:
    if head.startswith(_OLD_WORKBOOK):
        return True
    is_zip = head.startswith(b"PK\x03\x04")
    return is_zip and (ending in _WORKBOOK_ENDINGS or any(part in head for part in _WORKBOOKS))


def read_rows(path: Path, file_format: FileFormat) -> Iterator[tuple[int, Row]]:
    """Yield every row with the number of the line it begins on, counted from 1.

    Raises:
        OwnDataError: A row breaks a limit or the format; the first such row is named.
    """
    with path.open("rb") as stream:
        yield from _rows_in(stream, file_format)


def first_rows(path: Path, file_format: FileFormat, count: int) -> list[tuple[int, Row]]:
    """Return the first rows (fewer if they are long), without checking the rest.

    Raises:
        OwnDataError: As ``read_rows``.
    """
    found = []
    with path.open("rb") as stream:
        for row in _rows_in(stream, file_format):
            found.append(row)
            if len(found) == count or stream.tell() > MAX_LOOK_BYTES:
                break
    return found


def columns_of(rows: list[tuple[int, Row]]) -> list[str]:
    """Return the names of the columns, in the order in which they occur.

    Raises:
        OwnDataError: The rows differ so much that there are too many.
    """
    names = list(dict.fromkeys(name for _, row in rows for name in row))
    if len(names) > MAX_COLUMNS:
        raise OwnDataError(f"The first rows have {len(names):,} columns; at most {MAX_COLUMNS}.")
    return names


def _rows_in(stream: BinaryIO, file_format: FileFormat) -> Iterator[tuple[int, Row]]:
    if file_format == "csv":
        rows = _read_csv(stream)
    else:
        rows = _read_document(stream) if is_document(stream) else _read_json_lines(stream)
    number = 0
    for number, (line, row) in enumerate(rows, start=1):
        if number > MAX_ROWS:
            raise OwnDataError(f"More than {MAX_ROWS:,} rows.", line)
        yield line, row
    if number == 0:
        raise OwnDataError("The file has no rows.")


def _read_lines(stream: BinaryIO, first_line: int = 1) -> Iterator[tuple[int, str]]:
    number = first_line - 1
    while line := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        if number > MAX_LINES:
            raise OwnDataError(f"More than {MAX_LINES:,} lines.", number)
        if len(line) > MAX_LINE_BYTES:
            raise OwnDataError(f"is longer than {MAX_LINE_BYTES:,} bytes.", number)
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise OwnDataError("is not UTF-8 text; save the file as UTF-8.", number) from None
        if "\0" in text:
            raise OwnDataError("holds the character U+0000.", number)
        yield number, text


def _read_document(stream: BinaryIO) -> Iterator[tuple[int, Row]]:
    for line, text in JsonDocument(stream).rows():
        row = _json_row(text, line)
        # The hub's viewer wraps each: {"row_idx": 0, "row": {...}}.
        inner = row.get("row")
        yield line, inner if isinstance(inner, dict) and "row_idx" in row else row


def _read_json_lines(stream: BinaryIO) -> Iterator[tuple[int, Row]]:
    for number, line in _read_lines(stream):
        if line.strip():
            yield number, _json_row(line, number)


def _json_row(line: str, number: int) -> Row:
    try:
        row = json.loads(line, parse_constant=_refuse_constant)
    except RecursionError:
        raise OwnDataError(f"is nested deeper than {MAX_DEPTH} levels.", number) from None
    except ValueError as error:
        raise OwnDataError(f"is not valid JSON ({error}).", number) from None
    if not isinstance(row, dict):
        raise OwnDataError("is not a JSON object; JSON Lines has one object on each line.", number)
    if len(row) > MAX_COLUMNS:
        raise OwnDataError(f"has more than {MAX_COLUMNS} fields.", number)
    _check_names(row, number)
    if _is_deeper(row, MAX_DEPTH):
        raise OwnDataError(f"is nested deeper than {MAX_DEPTH} levels.", number)
    return row


def _is_deeper(value: Any, levels: int) -> bool:
    """Return whether a value has more than so many levels, without recursion."""
    level = [value]
    for _ in range(levels):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner.extend(item.values())
            elif isinstance(item, list):
                inner.extend(item)
        if not inner:
            return False
        level = inner
    return any(isinstance(item, dict | list) for item in level)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _read_csv(stream: BinaryIO) -> Iterator[tuple[int, Row]]:
    source = _CsvLines(stream)
    reader = csv.reader(source, delimiter=source.delimiter, strict=True)
    header: list[str] = []
    while True:
        begins = source.number + 1
        source.row_bytes = 0
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise OwnDataError(_csv_words(error), begins) from None
        if cells is None:
            return
        if not any(cell.strip() for cell in cells):
            continue
        if not header:
            header = _header(cells, begins)
            continue
        if len(cells) != len(header):
            raise OwnDataError(f"has {len(cells)} cells, the header {len(header)}.", begins)
        yield begins, dict(zip(header, cells, strict=True))


def _header(cells: list[str], line: int) -> list[str]:
    names = [cell.strip() for cell in cells]
    if len(names) > MAX_COLUMNS:
        raise OwnDataError(f"has more than {MAX_COLUMNS} columns.", line)
    _check_names(names, line)
    if not all(names) or len(set(names)) < len(names):
        raise OwnDataError("The header must name every column, each differently.", line)
    return names


def _check_names(names: Iterable[str], line: int) -> None:
    """Refuse column names that are too long for pages."""
    if any(len(name) > MAX_COLUMN_CHARS for name in names):
        raise OwnDataError(f"a column's name is longer than {MAX_COLUMN_CHARS} characters.", line)


def _csv_words(error: csv.Error) -> str:
    if "field larger" in str(error):
        return f"a cell is longer than {MAX_CELL_CHARS:,} characters (or a quote is never closed)."
    return f"is not valid CSV ({error})."


class _CsvLines:
    """Yields lines to the csv module, and limits quoted cells of many lines.

    Attributes:
        number: Of the line that was handed out last.
        row_bytes: Size of the row so far; the reader's caller sets it to 0 for each row.
        delimiter: The one that the header uses most.
    """

    def __init__(self, stream: BinaryIO) -> None:
        head = stream.readline(MAX_LINE_BYTES).decode("utf-8-sig", "replace")
        named = _SEPARATOR.fullmatch(head)  # the line with which Excel names the delimiter
        if named is None:
            stream.seek(0)
        self.delimiter = named.group(1) if named else max(_DELIMITERS, key=head.count)
        first_line = 2 if named else 1
        self.number = first_line - 1
        self.row_bytes = 0
        self._lines = _read_lines(stream, first_line)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.number, line = next(self._lines)
        self.row_bytes += len(line)
        if self.row_bytes > MAX_LINE_BYTES:
            raise OwnDataError(f"its row is longer than {MAX_LINE_BYTES:,} bytes.", self.number)
        return line
