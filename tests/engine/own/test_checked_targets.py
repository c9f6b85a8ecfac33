"""Targets of own data that must be numbers or code: understood, or refused with their line."""

from __future__ import annotations

import pytest

from app.engine.own.mapping import Columns, map_rows
from app.engine.own.own_data_error import OwnDataError
from app.engine.own.profiles import PROFILES

COLUMNS = Columns("q", "a")


@pytest.mark.parametrize("scorer", ["exact/number", "numeric/studio"])
@pytest.mark.parametrize("target", ["about five", "n/a", "1 or 2", "3-5", "x", ["5", "five"]])
def test_a_target_that_no_answer_could_equal_is_refused_with_its_line(
    scorer: str, target: object
) -> None:
    with pytest.raises(OwnDataError) as refused:
        list(map_rows(iter([(7, {"q": "x", "a": target})]), COLUMNS, PROFILES[scorer]))
    assert refused.value.message.startswith("Line 7: its 'a' is ")
    assert (refused.value.line, refused.value.field) == (7, "target")


@pytest.mark.parametrize(
    "target", [".5", "1e-05", 1e-05, "$1,234", "50%", "42 km", "3.14 ± 0.01", "−5", "2 1/2", 7]
)
def test_a_number_in_any_dress_is_kept_as_it_is_written(target: object) -> None:
    [record] = map_rows(iter([(7, {"q": "x", "a": target})]), COLUMNS, PROFILES["exact/number"])
    assert record["target"] == str(target)


def test_text_may_be_anything() -> None:
    [record] = map_rows(iter([(7, {"q": "x", "a": "five"})]), COLUMNS, PROFILES["exact/text"])
    assert record["target"] == "five"


@pytest.mark.parametrize("target", ["add(1, 2) == 3 (", "three", "(" * 9_000, "assert x\n  y"])
def test_tests_that_python_cannot_read_are_refused_with_their_line(target: str) -> None:
    rows = iter([(7, {"q": "x", "a": target + " !"})])
    with pytest.raises(OwnDataError, match="Line 7: its 'a' is not Python"):
        list(map_rows(rows, COLUMNS, PROFILES["code/studio"]))


def test_assertions_are_tests() -> None:
    rows = iter([(7, {"q": "x", "a": ["assert add(1, 2) == 3", "assert add(0, 0) == 0"]})])
    [record] = map_rows(rows, COLUMNS, PROFILES["code/studio"])
    assert len(record["target"]) == 2
