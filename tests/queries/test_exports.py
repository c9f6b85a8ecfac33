"""Cells and file names of exports."""

from __future__ import annotations

import pytest

from app.queries.exports import _name_part, csv_cell


@pytest.mark.parametrize(
    "text",
    ["-42", "+7", "-1.5e-3", "-.5", "-1,234.50", "-50%", "3", "a=b", " text", "5 - 3", "", "−42"],
)
def test_numbers_and_plain_text_stay_as_they_are(text: str) -> None:
    assert csv_cell(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+SUM(A1)",
        "-1+1",
        "-2-3",
        "-cmd|' /C calc'!A0",
        "@x",
        " =1+1",
        "\t=1",
        "\tTab",
        "\n=1",
        "\u00a0=1",
        "\u200b=1",
        "\ufeff=1",
        "\u3000 @x",
        "＝1",
        "－2+3",
        "+49 30 123456",
        "-",
        "-" + "1" * 50,
    ],
)
def test_what_a_spreadsheet_would_run_is_quoted(text: str) -> None:
    assert csv_cell(text) == f"'{text}"


def test_numbers_and_nothing_are_no_text() -> None:
    assert [csv_cell(value) for value in (-42, 0.5, None)] == [-42, 0.5, None]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("own/my-questions", "own-my-questions"),
        ("openrouter/meta-llama/llama-3.1:free", "openrouter-meta-llama-llama-3.1-free"),
        ("../../etc", "etc"),
        ('a"b\nc', "a-b-c"),
        ("模型", "run"),
        ("x" * 200, "x" * 60),
    ],
)
def test_a_file_name_has_no_slashes_and_nothing_odd(text: str, name: str) -> None:
    assert _name_part(text) == name
