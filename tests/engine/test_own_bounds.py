"""What a user's file and template may grow to: refused before anything large is made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.engine.engine_errors import DatasetError
from app.engine.own import definition, file_rows, reader
from app.engine.own.definition import MAX_PROMPT_CHARS, check_template, render
from app.engine.own.file_rows import (
    MAX_COLUMN_CHARS,
    columns_of,
    first_rows,
    read_rows,
)
from app.engine.own.mapping import MAX_CATEGORIES, MAX_TARGETS, Columns, map_rows
from app.engine.own.options import MAX_OPTIONS
from app.engine.own.own_data_error import OwnDataError
from app.engine.own.profiles import PROFILES

TEXT = PROFILES["exact/text"]
MAPPING: dict[str, Any] = {
    "question": "q",
    "target": "a",
    "choices": [],
    "category": None,
    "id": None,
    "scorer": "exact/text",
}


def record(question: str) -> dict[str, Any]:
    return {"id": "1", "question": question, "target": "1", "choices": [], "category": None}


def jsonl(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_a_template_says_a_place_ten_times_at_most() -> None:
    check_template("{question}" * 10, "exact/text")
    with pytest.raises(OwnDataError, match="400 times; at most 10"):
        check_template("{question}" * 400, "exact/text")


def test_a_prompt_that_would_be_too_long_is_not_made() -> None:
    fits = "x" * (MAX_PROMPT_CHARS // 2)
    assert len(render("{question}{question}", record(fits))) == 2 * len(fits)
    with pytest.raises(OwnDataError, match="The prompt of '1' would have"):
        render("{question}{question}{question}", record(fits))


def test_a_stored_version_with_prompts_too_long_fails_its_run_with_a_remedy() -> None:
    build = definition._builder("{question}" * 400)
    with pytest.raises(DatasetError, match="would have") as failed:
        list(build([record("x" * 10_000)], {}))
    assert failed.value.action


@pytest.mark.parametrize("text", ['{"%s": 1}', "a,%s\n1,2\n"])
def test_names_of_columns_are_bounded(tmp_path: Path, text: str) -> None:
    path = tmp_path / "own"
    path.write_text(text % ("n" * (MAX_COLUMN_CHARS + 1)))
    with pytest.raises(OwnDataError, match="Line 1: a column's name is longer than 200"):
        list(read_rows(path, "jsonl" if text.startswith("{") else "csv"))


def test_the_columns_of_all_first_rows_together_are_bounded(tmp_path: Path) -> None:
    rows = [{f"{row}-{column}": 1 for column in range(50)} for row in range(5)]
    path = jsonl(tmp_path / "own.jsonl", *rows)
    with pytest.raises(OwnDataError, match="250 columns; at most 200"):
        columns_of(first_rows(path, "jsonl", 20))


def test_a_look_reads_few_long_rows(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "own.jsonl", *({"q": "x" * 600_000} for _ in range(20)))
    assert len(first_rows(path, "jsonl", 20)) == 2


def test_a_look_and_a_preview_are_short_however_long_the_cells_are(tmp_path: Path) -> None:
    row = {"q": "x" * 500_000, "a": "y" * 9_000, "more": [["z"] * 10_000]}
    path = str(jsonl(tmp_path / "own.jsonl", row))
    assert len(json.dumps(reader.look(path, "jsonl"))) < 3_000
    [shown] = reader.preview(path, "jsonl", MAPPING, "{question}")["prompts"]
    assert (len(shown["prompt"]), shown["prompt_chars"]) == (20_000, 500_000)
    assert len(shown["target"]) == 1_000


def test_the_prompts_of_a_benchmark_are_bounded_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "MAX_PROMPTS_CHARS", 1_000)
    path = str(jsonl(tmp_path / "own.jsonl", *({"q": "x" * 400, "a": "1"} for _ in range(3))))
    with pytest.raises(OwnDataError, match="All prompts together are longer than 1,000"):
        reader.write(path, "jsonl", MAPPING, "{question}", str(tmp_path / "out"))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"a": ["1"] * (MAX_TARGETS + 1)}, "has 51 answers; at most 50"),
        ({"a": "1" * 10_001}, "longer than 10,000 characters"),
        ({"id": "."}, "cannot be part of a URL"),
        ({"id": ".."}, "cannot be part of a URL"),
        ({"id": "//x"}, "cannot be part of a URL"),
        ({"id": "x/"}, "cannot be part of a URL"),
        ({"id": "a\x01b"}, "control characters"),
    ],
)
def test_values_that_would_grow_or_not_be_found_again_are_refused(
    row: dict[str, Any], words: str
) -> None:
    columns = Columns("q", "a", id="id")
    with pytest.raises(OwnDataError, match=words):
        list(map_rows(iter([(7, {"q": "x", "a": "1", "id": "k", **row})]), columns, TEXT))


def test_categories_are_bounded() -> None:
    rows = ((n, {"q": "x", "a": "1", "c": str(n)}) for n in range(MAX_CATEGORIES + 1))
    with pytest.raises(OwnDataError, match="more than 500 different categories"):
        list(map_rows(rows, Columns("q", "a", category="c"), TEXT))


@pytest.mark.parametrize(
    "options", [["a"] * (MAX_OPTIONS + 1), "a|" * MAX_OPTIONS + "a", {"text": [1] * 27}]
)
def test_options_are_bounded_whatever_the_scorer(options: Any) -> None:
    """Half a million in each row held the one reader of a process for its whole deadline."""
    row = {"q": "x", "a": "1", "o": options}
    with pytest.raises(OwnDataError, match="has 27 options; at most 26"):
        list(map_rows(iter([(7, row)]), Columns("q", "a", choices=("o",)), TEXT))


def test_a_column_is_one_option_only() -> None:
    """One of a megabyte, given 26 times, made 2.6 GB of a file of 100 MB."""
    row = {"q": "x", "a": "1"}
    with pytest.raises(OwnDataError, match="A column is given for two options") as refused:
        list(map_rows(iter([(7, row)]), Columns("q", "a", choices=("q", "q")), TEXT))
    assert refused.value.field == "choices"


@pytest.mark.parametrize(
    ("file_format", "text"),
    [
        ("jsonl", '{"q": "x"}\n' + "\n" * 10),
        ("csv", "q,a\nx,1\n" + "\n" * 10),
        ("csv", 'q,a\n"' + "\n" * 10 + '",1\n'),
    ],
)
def test_empty_lines_are_counted_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file_format: file_rows.FileFormat, text: str
) -> None:
    """A look at a hundred million of them took all of its deadline."""
    monkeypatch.setattr(file_rows, "MAX_LINES", 8)
    path = tmp_path / "own"
    path.write_text(text)
    with pytest.raises(OwnDataError, match="Line 9: More than 8 lines"):
        first_rows(path, file_format, 20)


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(OwnDataError, match="cannot be stored"):
        list(map_rows(iter([(7, {"q": "x\ud800", "a": "1"})]), Columns("q", "a"), TEXT))


@pytest.mark.parametrize("literal", ["'a'," * 1_000, "()," * 1_000, "1+" * 1_000 + "1"])
def test_pythons_parser_gets_no_long_cell(literal: str) -> None:
    """A cell of a megabyte took two seconds and 500 MB, for each row."""
    row = {"q": "x", "a": "1", "o": f"[{literal}]"}
    with pytest.raises(OwnDataError, match="is not a valid JSON list"):
        list(map_rows(iter([(7, row)]), Columns("q", "a", choices=("o",)), TEXT))


def test_pythons_lists_of_26_pairs_are_read() -> None:
    pairs = [{"label": chr(65 + number), "text": f"it's {number}"} for number in range(26)]
    row = {"q": "x", "a": "1", "o": str(pairs)}
    [found] = map_rows(iter([(7, row)]), Columns("q", "a", choices=("o",)), TEXT)
    assert found["choices"][25] == "it's 25"
