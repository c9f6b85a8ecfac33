"""Which option is right, in the many layouts of files."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.engine.own.definition import render
from app.engine.own.mapping import Columns, map_rows
from app.engine.own.own_data_error import OwnDataError
from app.engine.own.profiles import PROFILES
from app.engine.own.right_option import counted_from

CHOICE = PROFILES["choice/studio"]
TEXTS = ["red", "blue", "green", "grey"]
ONE_COLUMN = ("o",)


def mapped(
    row: dict[str, Any], choices: tuple[str, ...] = ONE_COLUMN, first: int = 0
) -> dict[str, Any]:
    columns = Columns("q", "a", choices=choices)
    [record] = map_rows(iter([(7, {"q": "x", **row})]), columns, CHOICE, first)
    return record


def refusal(row: dict[str, Any], choices: tuple[str, ...] = ONE_COLUMN) -> str:
    with pytest.raises(OwnDataError) as refused:
        mapped(row, choices)
    return refused.value.message


@pytest.mark.parametrize(
    "options",
    [
        {"text": TEXTS, "label": ["1", "2", "3", "4"]},
        {"text": TEXTS, "label": [1, 2, 3, 4]},
        {"1": "red", "2": "blue", "3": "green", "4": "grey"},
        json.dumps({"1": "red", "2": "blue", "3": "green", "4": "grey"}),
        [{"label": str(n), "text": text} for n, text in enumerate(TEXTS, 1)],
        "1. red|2. blue|3. green|4. grey",
        "1) red\n2) blue\n3) green\n4) grey",
        "(1) red|(2) blue|(3) green|(4) grey",
    ],
)
@pytest.mark.parametrize("target", ["2", 2, "blue", "B"])
def test_an_option_labelled_2_is_the_second(options: Any, target: Any) -> None:
    record = mapped({"a": target, "o": options})
    assert (record["choices"], record["target"]) == (TEXTS, "B")


@pytest.mark.parametrize(
    "names",
    [
        ("1", "2", "3", "4"),
        ("option1", "option2", "option3", "option4"),
        ("choice_1", "choice_2", "choice_3", "choice_4"),
        ("Option A", "Option B", "Option C", "Option D"),
        ("A", "B", "C", "D"),
    ],
)
def test_columns_label_their_options(names: tuple[str, ...]) -> None:
    row = dict(zip(names, TEXTS, strict=True))
    target = names[1][-1]
    assert mapped({"a": target, **row}, names)["target"] == "B"


@pytest.mark.parametrize(
    "options",
    [
        {"A": "red", "B": "blue", "D": "grey"},
        {"B": "blue", "D": "grey", "A": "red"},
        {"a": "red", "b": "blue", "c": None, "d": "grey"},
        ["red", "blue", "", "grey"],
        ["red", "blue", None, "grey", ""],
        "red|blue||grey",
        "| red | blue |  | grey |",
        "A. red|B. blue||D. grey",
    ],
)
def test_an_empty_option_in_the_middle_keeps_the_letters_of_the_others(options: Any) -> None:
    record = mapped({"a": "D", "o": options})
    assert (record["choices"], record["target"]) == (["red", "blue", "", "grey"], "D")
    prompt = render("{question}\n{choices}", record)
    assert prompt == "x\nA) red\nB) blue\nD) grey"
    assert "option C, which is empty" in refusal({"a": "C", "o": options})


def test_an_empty_cell_in_the_middle_keeps_the_letters_of_the_others() -> None:
    names = ("A", "B", "C", "D")
    row = {"A": "red", "B": "blue", "C": " ", "D": "grey"}
    assert mapped({"a": "grey", **row}, names)["target"] == "D"
    assert mapped({"a": "D", **row}, names)["target"] == "D"


@pytest.mark.parametrize("target", ["(B)", "B)", "b.", "Option B", "B) blue", "Blue", " blue "])
def test_a_target_may_be_dressed(target: str) -> None:
    assert mapped({"a": target, "o": TEXTS})["target"] == "B"


def test_python_lists_in_cells_are_read() -> None:
    assert mapped({"a": "blue", "o": "['red', 'blue', None, 'it\\'s']"})["choices"] == [
        "red",
        "blue",
        "",
        "it's",
    ]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"a": ["A", "C"], "o": TEXTS}, "its target names 2 options (A, C)"),
        ({"a": "A,C", "o": TEXTS}, "its target 'A,C' is neither"),
        ({"a": "red", "o": ["red", "blue", "red"]}, "can mean the options A and C"),
        ({"a": "\u0131", "o": list("abcdefghi")}, "its target 'ı' is neither"),
        ({"a": "A", "o": ["B", "A"]}, "can mean the options A and B"),
        ({"a": "5", "o": {"1": "red", "2": "blue"}}, "nor its number from 1"),
        ({"a": "0", "o": {"1": "red", "2": "blue"}}, "nor its number from 1"),
        ({"a": "A", "o": {"A": "red"}}, "has 1 options"),
        ({"a": "A", "o": {"A": ["red"]}}, "is not a list of options"),
        ({"a": "A", "o": {"text": ["x", "y"], "label": ["1"]}}, "1 labels for 2 options"),
        ({"a": "A", "o": [{"label": "A"}, {"label": "B"}]}, "an option without a text"),
        ({"a": "A", "o": {"text": ["x", "y"], "label": ["1", "1"]}}, "label each option"),
        ({"a": "A", "o": None}, "has 0 options"),
    ],
)
def test_what_has_no_one_right_option_is_refused(row: dict[str, Any], words: str) -> None:
    assert words in refusal(row)


def test_several_targets_may_name_one_option() -> None:
    assert mapped({"a": ["B", "blue"], "o": TEXTS})["target"] == "B"


def test_a_label_goes_before_an_equal_text_where_the_data_has_labels() -> None:
    labelled = {"label": ["1", "2", "3"], "text": ["2", "3", "1"]}
    assert mapped({"a": "2", "o": labelled})["target"] == "B"
    assert "can mean" in refusal({"a": "2", "1": "2", "2": "3", "3": "1"}, ("1", "2", "3"))


@pytest.mark.parametrize(
    ("targets", "first", "is_certain"),
    [
        ([1, 2, 0], 0, True),
        ([1, 2, 4], 1, True),
        ([1, 2, 3], 0, False),
        (["1", "4"], 1, True),
        (["1.0", "4.0"], 1, True),
        (["A", "blue"], 0, True),
        ([True], 0, True),
    ],
)
def test_the_whole_file_shows_what_numbers_count_from(
    targets: list[Any], first: int, is_certain: bool
) -> None:
    rows = iter([(n, {"a": target, "o": TEXTS}) for n, target in enumerate(targets, 1)])
    assert counted_from(rows, "a", ONE_COLUMN) == (first, is_certain)


def test_numbers_count_from_one_where_the_file_shows_it() -> None:
    assert mapped({"a": "2", "o": TEXTS}, first=1)["target"] == "B"
    assert mapped({"a": "2.0", "o": TEXTS}, first=1)["target"] == "B"
    assert mapped({"a": "2", "o": TEXTS}, first=0)["target"] == "C"
