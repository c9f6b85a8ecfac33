"""JSON files that are a list, or whose objects take several lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.engine.own.file_rows import format_of, read_rows
from app.engine.own.own_data_error import OwnDataError

ROWS: list[dict[str, Any]] = [{"q": "a\n", "a": {"x": [1]}}, {"q": '"}{[', "a": 2}]


def read(tmp_path: Path, content: str | bytes, name: str = "own.json") -> list[Any]:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_rows(path, format_of(path, name)))


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2),
        "\ufeff" + json.dumps(ROWS, indent=1) + "\n\n",
        json.dumps({"data": ROWS}),
        json.dumps({"version": 1, "name": "x", "data": ROWS}, indent=1),
        json.dumps({"rows": [{"row_idx": n, "row": row} for n, row in enumerate(ROWS)]}),
        "\n".join(json.dumps(row, indent=1) for row in ROWS),
        ",\n".join(json.dumps(row) for row in ROWS),
        "\n".join(json.dumps(row) for row in ROWS),
    ],
)
def test_rows_are_read_from_any_layout(tmp_path: Path, content: str) -> None:
    assert [row for _, row in read(tmp_path, content)] == ROWS
    assert [row for _, row in read(tmp_path, content, "own")] == ROWS


def test_rows_keep_the_line_they_begin_on(tmp_path: Path) -> None:
    assert [line for line, _ in read(tmp_path, json.dumps(ROWS, indent=2))] == [2, 10]


def test_lines_of_objects_with_lists_stay_lines(tmp_path: Path) -> None:
    line = json.dumps({"messages": [{"role": "user"}], "a": 1})
    assert len(read(tmp_path, f"{line}\n{line}\n")) == 2


def test_a_row_may_lie_across_pieces_of_the_file(tmp_path: Path) -> None:
    rows = [{"q": "ä" * size, "a": size} for size in (10, 70_000, 200_000, 3)]
    assert [row for _, row in read(tmp_path, json.dumps(rows, ensure_ascii=False))] == rows


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[]", "no rows"),
        ("[1]", "Line 1: is not a JSON object"),
        ("[[1]]", "Line 1: is not a JSON object"),
        ('[{"q": 1}', "Line 1: the list is never closed"),
        ('[{"q": "a', "Line 1: is not valid JSON (it is cut off)"),
        ('[{"q": 1}] x', "Line 1: has more text behind the list"),
        ('[{"q": 1},\n{"q": NaN}]', "Line 2: is not valid JSON"),
        ('[\n{"q": 1},\n\n{"q": \n}]', "Line 4: is not valid JSON"),
        ('[{"q": ' + "[" * 100 + "]" * 100 + "}]", "nested deeper than 50"),
        ("[" + "{" * 100_000, "nested deeper than 50"),
        (b'[{"q": "\xff"}]', "is not UTF-8"),
        ('[{"q": "' + "x" * 2_000_000 + '"}]', "its row is longer than"),
    ],
)
def test_what_does_not_fit_is_named_by_its_line(
    tmp_path: Path, content: str | bytes, words: str
) -> None:
    with pytest.raises(OwnDataError) as refused:
        read(tmp_path, content)
    assert words in refused.value.message


@pytest.mark.parametrize(
    "content", ["sep=;\nq;a\n1,5;2\n", '"sep=;"\r\nq;a\r\n1,5;2\r\n', "\ufeffSEP=;\nq;a\n1,5;2"]
)
def test_a_line_that_names_the_delimiter_is_obeyed_and_left_out(
    tmp_path: Path, content: str
) -> None:
    assert read(tmp_path, content, "own.csv") == [(3, {"q": "1,5", "a": "2"})]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"PK\x03\x04\x14\0[Content_Types].xml ...", "own.xlsx"),
        (b"PK\x03\x04\x14\0[Content_Types].xml ...", "own.csv"),
        (b"PK\x03\x04....", "own.xlsx"),
        (b"PK\x03\x04....mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "own.ods"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", "own.xls"),
    ],
)
def test_a_workbook_is_named_with_the_way_to_csv(tmp_path: Path, content: bytes, name: str) -> None:
    with pytest.raises(OwnDataError) as refused:
        read(tmp_path, content, name)
    assert "xlsx" in refused.value.message
    assert "CSV UTF-8" in refused.value.message
