"""Numbers: as JSON has them, and as people type them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from app.services.field_types import json_number, json_whole, typed_number


@pytest.mark.parametrize(("value", "whole"), [(5, 5), (5.0, 5), (-1, -1), (0, 0), (10**30, 10**30)])
def test_whole_numbers(value: Any, whole: int) -> None:
    assert json_whole(value) == whole
    assert type(json_whole(value)) is int


@pytest.mark.parametrize("value", ["5", True, False, None, 1.5, math.nan, math.inf, [5], {}])
def test_what_is_no_whole_number(value: Any) -> None:
    with pytest.raises(ValueError, match="must be a whole number"):
        json_whole(value)


@pytest.mark.parametrize("value", ["0.5", True, None, math.nan, -math.inf, [0.5]])
def test_what_is_no_number(value: Any) -> None:
    with pytest.raises(ValueError, match=r"must be a (finite )?number"):
        json_number(value)


@pytest.mark.parametrize(
    ("text", "number"),
    [("5", 5), (" 5 ", 5), ("5.0", 5.0), ("0.5", 0.5), ("1e3", 1000.0), ("-2", -2)],
)
def test_typed_numbers(text: str, number: float) -> None:
    assert typed_number(text) == number
    assert type(typed_number(text)) is type(number)


@pytest.mark.parametrize("text", ["", "five", "1,000", "0x10", "5 5"])
def test_text_that_is_no_number_stays_text(text: str) -> None:
    assert typed_number(text) == text


def test_a_number_of_more_digits_than_python_reads_is_no_error() -> None:
    assert typed_number("9" * 5000) == math.inf
