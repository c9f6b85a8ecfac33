"""Files of users: what is read from them, what is refused, and how much memory that takes."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.engine.own.file_rows import MAX_ROWS, format_of, read_rows
from app.engine.own.mapping import Columns, guess_columns, map_rows
from app.engine.own.own_data_error import OwnDataError
from app.engine.own.profiles import PROFILES
from app.errors import NotFound
from app.services.account_deletion import delete_account
from app.services.accounts.accounts import Account
from app.services.own_benchmarks import save_requests, uploads, versions
from tests.app_fixtures import PASSWORD

MB = 1024 * 1024
COLUMNS = Columns(question="q", target="a")
TEXT = PROFILES["exact/text"]
CHOICE = PROFILES["choice/studio"]


def rows_in(path: Path, content: str | bytes) -> list[tuple[int, dict[str, Any]]]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_rows(path, format_of(path, path.name)))


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    return tmp_path / "own.csv"


@pytest.fixture
def jsonl(tmp_path: Path) -> Path:
    return tmp_path / "own.jsonl"


def test_rows_keep_the_number_of_the_line_they_begin_on(csv: Path, jsonl: Path) -> None:
    assert rows_in(csv, 'q,a\n"two\nlines",1\n\nlast,2\n') == [
        (2, {"q": "two\nlines", "a": "1"}),
        (5, {"q": "last", "a": "2"}),
    ]
    assert rows_in(jsonl, '\n{"q": 1}\n\n{"q": 2}') == [(2, {"q": 1}), (4, {"q": 2})]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_the_header_uses(csv: Path, delimiter: str) -> None:
    text = f"\ufeffq{delimiter}a\r\nx{delimiter}y\r\n"
    assert rows_in(csv, text) == [(2, {"q": "x", "a": "y"})]


def test_the_format_is_known_without_an_ending(tmp_path: Path) -> None:
    assert rows_in(tmp_path / "data", ' {"q": 1}\n') == [(1, {"q": 1})]
    assert rows_in(tmp_path / "data", "q,a\n1,2\n") == [(2, {"q": "1", "a": "2"})]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"  \n", "empty"),
        (b"PK\x03\x04....", "Compressed"),
        (b"\x1f\x8b....", "Compressed"),
        (b"q,a\n\xff\xfe,1\n", "Line 2: is not UTF-8"),
        (b"q,a\nx\0,1\n", "Line 2: holds the character U.0000"),
        (b"q,a\n1\n", "Line 2: has 1 cells, the header 2"),
        (b"q,q\n1,2\n", "Line 1: The header must name every column"),
        (b"q,a\n", "no rows"),
        (b'q,a\n"x"y,1\n', "Line 2: is not valid CSV"),
        (b'q,a\n"never closed,1\n', "Line 2: is not valid CSV"),
    ],
)
def test_a_csv_that_does_not_fit_is_refused_by_its_line(
    csv: Path, content: bytes, words: str
) -> None:
    with pytest.raises(OwnDataError, match=words):
        rows_in(csv, content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"q": 1}\n[1]\n', "Line 2: is not a JSON object"),
        ('{"q": 1}\n{"q": NaN}\n', "Line 2: is not valid JSON"),
        ('{"q": 1}\n{"q": \n', "Line 2: is not valid JSON"),
        ('{"q": ' + "1" * 5000 + "}\n", "Line 1: is not valid JSON"),
        ('{"q": ' + "[" * 50 + "]" * 50 + "}\n", "Line 1: is nested deeper than 50"),
        ('{"q": ' + "[" * 100_000 + "]" * 100_000 + "}\n", "Line 1: is nested deeper than 50"),
        (json.dumps({str(n): n for n in range(201)}), "Line 1: has more than 200 fields"),
    ],
)
def test_json_that_does_not_fit_is_refused_by_its_line(
    jsonl: Path, content: str, words: str
) -> None:
    with pytest.raises(OwnDataError, match=words):
        rows_in(jsonl, content)
    assert rows_in(jsonl, '{"q": ' + "[" * 49 + "]" * 49 + "}\n")


def mapped(row: dict[str, Any], columns: Columns = COLUMNS, profile: Any = TEXT) -> dict[str, Any]:
    [record] = map_rows(iter([(7, row)]), columns, profile)
    return record


def test_numbers_and_truth_values_become_text_and_several_answers_are_accepted() -> None:
    assert mapped({"q": "x", "a": 2.50})["target"] == "2.5"
    assert mapped({"q": "x", "a": True})["target"] == "true"
    assert mapped({"q": "x", "a": ["one", 1]})["target"] == ["one", "1"]
    assert mapped({"q": "x", "a": ["one"]})["target"] == "one"


OPTIONS = ["red", "blue"]


@pytest.mark.parametrize(
    "choices", [OPTIONS, json.dumps(OPTIONS), "red | blue", "red\nblue", {"text": OPTIONS}]
)
@pytest.mark.parametrize("target", ["blue", "B", "b", "1", 1])
def test_options_come_in_many_forms_and_so_does_the_right_one(choices: Any, target: Any) -> None:
    columns = Columns("q", "a", choices=("o",))
    record = mapped({"q": "x", "a": target, "o": choices}, columns, CHOICE)
    assert (record["choices"], record["target"]) == (["red", "blue"], "B")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"q": "x", "a": "green", "o": ["red", "blue"]}, "Line 7: its target 'green' is neither"),
        ({"q": "x", "a": "A", "o": ["red"]}, "Line 7: has 1 options"),
        ({"q": "x", "a": "A", "o": "[1,"}, "Line 7: its 'o' is not a valid JSON list"),
        ({"q": "x", "a": "A", "o": 5}, "Line 7: its 'o' is not a list"),
        ({"q": "x\ud800", "a": "A", "o": ["1", "2"]}, "Line 7: its 'q' holds a character"),
        ({"q": "x", "a": [], "o": ["1", "2"]}, "Line 7: its 'a' is empty"),
    ],
)
def test_a_row_that_does_not_fit_is_named(row: dict[str, Any], words: str) -> None:
    with pytest.raises(OwnDataError) as refused:
        mapped(row, Columns("q", "a", choices=("o",)), CHOICE)
    assert words in refused.value.message


def test_columns_are_guessed_by_their_names() -> None:
    guess = guess_columns(["Nr", "Question", "A", "B", "Answer", "Subject"])
    assert guess == {
        "question": "Question",
        "target": "Answer",
        "choices": ["A", "B"],
        "category": "Subject",
        "id": "",
    }


def write(path: Path, pieces: Iterator[bytes]) -> Path:
    with path.open("wb") as file:
        for piece in pieces:
            file.write(piece)
    return path


def _rows(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield b'{"q": "What is %d plus one?", "a": %d}\n' % (number, number + 1)


def _repeated(head: bytes, piece: bytes, megabytes: int) -> Iterator[bytes]:
    yield head
    for _ in range(megabytes * MB // len(piece)):
        yield piece


def test_one_row_more_than_a_hundred_thousand_is_refused(jsonl: Path) -> None:
    write(jsonl, _rows(MAX_ROWS + 1))
    with pytest.raises(OwnDataError, match=r"More than 100,000 rows\.") as caught:
        for _row in read_rows(jsonl, "jsonl"):
            pass
    assert caught.value.line == MAX_ROWS + 1


def test_a_hundred_thousand_rows_are_accepted_and_bombs_refused_in_flat_memory(
    tmp_path: Path,
) -> None:
    files = {
        "small.jsonl": (_rows(3), "saved"),
        "whole.jsonl": (_rows(MAX_ROWS), "saved"),
        "deep.jsonl": (iter([b'{"q": ' + b"[" * 500_000 + b"\n"]), "nested deeper than 50"),
        "line.jsonl": (_repeated(b'{"q": "', b"x" * MB, 90), "Line 1: is longer than"),
        "cell.csv": (_repeated(b'q,a\n"', b"x" * 999 + b"\n", 90), "a cell is longer than"),
        "quotes.csv": (_repeated(b"q,a\n", b'"' * 65_536, 90), "Line 2: is longer than"),
        "wide.csv": (_repeated(b"q,a\n", b'"a\nb",' * 10_000, 90), "its row is longer than"),
        "large.csv": (_repeated(b"q,a\n", b"x,1\n" * 1000, 101), "larger than 100 MB"),
        "zip.csv": (iter([b"PK\x03\x04" + b"\0" * MB]), "Compressed"),
    }
    paths = [write(tmp_path / name, pieces) for name, (pieces, _) in files.items()]
    program = Path(__file__).with_name("own_upload_program.py")
    done = subprocess.run(
        [sys.executable, program, tmp_path / "data", *paths],
        capture_output=True, text=True, timeout=900, cwd=Path(__file__).parents[3],
        env={"PYTHONPATH": str(Path(__file__).parents[3])}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    for report in reports:
        assert files[report["file"]][1] in report["outcome"]
    assert len(reports) == len(files)
    assert max(report["grown_mb"] for report in reports) < 60, reports


def test_an_account_takes_its_files_along_when_it_is_deleted(
    app: Flask, second_user: Account, tmp_path: Path
) -> None:
    settings = app.extensions["settings"]
    asked = {"name": "mine", "question": "q", "target": "a", "scorer": "exact/text"}
    with app.app_context():
        upload = uploads.keep_upload(second_user.id, io.BytesIO(b"q,a\nx,1\n"), "a.csv", settings)
        versions.save(second_user.id, upload, save_requests.read_request(asked), settings)
        assert len([path for path in (tmp_path / "own").rglob("*") if path.is_file()]) == 2
        delete_account(second_user.id, PASSWORD)
    assert [path for path in (tmp_path / "own").rglob("*") if path.is_file()] == []


def test_uploads_older_than_a_day_are_removed(app: Flask, tmp_path: Path) -> None:
    settings = app.extensions["settings"]
    first = uploads.keep_upload(1, io.BytesIO(b"q,a\nx,1\n"), "a.csv", settings)
    os.utime(first.path, (1, 1))
    second = uploads.keep_upload(1, io.BytesIO(b"q,a\nx,1\n"), "a.csv", settings)
    assert uploads.sweep_uploads(settings) == 1
    assert (first.path.exists(), second.path.exists()) == (False, True)
    assert uploads.find_upload(1, second.id, settings) == second
    for other, upload_id in ((2, second.id), (1, first.id), (1, "../" + second.id)):
        with pytest.raises(NotFound):
            uploads.find_upload(other, upload_id, settings)
