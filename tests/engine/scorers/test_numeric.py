from __future__ import annotations

import pytest

from app.engine.scorers import numeric_inspect, numeric_openbench
from app.engine.scorers.boxed import extract_boxed, score_boxed_integer
from app.engine.scorers.unicode_numbers import parse_number
from app.engine.types import Sample

FORTY_TWO = Sample("1", (), "42")


@pytest.mark.parametrize(
    ("text", "openbench", "inspect"),
    [
        ("Answer: 42", 1.0, 1.0),
        ("ANSWER: 42", 0.0, 1.0),
        ("Answer: 42%", 1.0, 0.0),
        ("Answer: -42", 1.0, 0.0),
        ("Answer: 42km", 1.0, 0.0),
        ("Answer: \\boxed{42}", 1.0, 0.0),
        ("Answer: $42.00", 1.0, 1.0),
        ("Answer: 42!", 1.0, 1.0),
        ("Answer: (42)", 1.0, 1.0),
        ("Answer: ~42", 1.0, 0.0),
        ("Answer: **42**.", 1.0, 1.0),
        ("Answer: 41\nAnswer: 42", 1.0, 1.0),
        ("Answer: 42 or 43", 0.0, 0.0),
        ("Answer: ४२", 0.0, 1.0),
        ("Answer: 42e0", 0.0, 1.0),
        ("#### 42", 0.0, 1.0),
        ("Answer: \\$42", 1.0, 1.0),
        ("Answer: 7 = 42\\,", 1.0, 1.0),
        ("Answer: .[42] or 43\\,", 0.0, 0.0),
        ("Answer: 4" + 400 * "0", 0.0, 0.0),
        ("Answer: " + 500 * "0" + "42", 0.0, 1.0),
        ("forty-two", 0.0, 0.0),
        ("", 0.0, 0.0),
    ],
)
def test_the_two_references_accept_different_numbers(
    text: str, openbench: float, inspect: float
) -> None:
    assert numeric_openbench.score_number(text, FORTY_TWO).score == openbench
    assert numeric_inspect.score_number(text, FORTY_TWO).score == inspect


def test_openbench_looks_after_the_prefix_of_the_language() -> None:
    sample = Sample("1", (), "1,234", metadata={"answer_prefix": "উত্তর"})

    assert numeric_openbench.score_number("উত্তর: 1,234.0", sample).score == 1.0
    assert numeric_openbench.score_number("Answer: 1234", sample).answer is None


def test_inspect_compares_a_target_that_is_no_number_as_the_end_of_the_text() -> None:
    sample = Sample("1", (), "No")

    assert numeric_inspect.score_number("So: no.", sample).score == 1.0
    assert numeric_inspect.score_number("no, yes", sample).score == 0.0


def test_inspect_accepts_any_of_several_targets() -> None:
    sample = Sample("1", (), ("7", "-2.5"))

    assert numeric_inspect.score_number("it is -2.50", sample).score == 1.0


def test_inspect_compares_each_target_by_its_own_kind() -> None:
    sample = Sample("1", (), ("7", "seven"))

    assert numeric_inspect.score_number("it is seven!", sample).score == 1.0
    assert numeric_inspect.score_number("it is 7, not eight", sample).score == 1.0
    assert numeric_inspect.score_number("it is eight", sample).answer is None


@pytest.mark.parametrize("last", ["$$", "**", "---", "#", "\n***\n"])
def test_aime_of_inspect_skips_lines_of_delimiters(last: str) -> None:
    assert numeric_inspect.score_aime(f"$$\n\\boxed{{42}}\n{last}", FORTY_TWO).score == 1.0
    assert numeric_inspect.score_aime(last, FORTY_TWO).answer is None


def test_aime_of_inspect_reads_the_last_line_and_unwraps_the_box() -> None:
    assert numeric_inspect.score_aime("7\nso $\\boxed{042}$", FORTY_TWO).score == 1.0
    assert numeric_inspect.score_aime("42\nthat is it", FORTY_TWO).answer is None
    assert numeric_inspect.score_aime("$ \\boxed{42 $", FORTY_TWO).answer is None
    assert numeric_inspect.score_aime(" \n", FORTY_TWO).answer is None


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("\\boxed{1} then \\boxed{ 42 }", "42"),
        ("\\framebox{7}", "7"),
        ("\\boxed{6} \\fbox{7}", "7"),
        ("boxed{7}", "7"),
        ("\\boxed{\\boxed{7}}", "\\boxed{7"),
        ("\\boxed{1, 2}", "2"),
        ("\\boxed{} but 9", ""),
        ("\\boxed{5} and \\boxed{", "5"),
        ("from 3.5 to -7", "-7"),
        ("none", None),
    ],
)
def test_the_box_wins_over_the_last_number(text: str, content: str | None) -> None:
    assert extract_boxed(text) == content


@pytest.mark.parametrize(
    ("text", "score", "answer"),
    [
        ("\\boxed{042}", 1.0, "42"),
        ("\\boxed{" + 40 * "0" + "42}", 1.0, "42"),
        ("\\boxed{} but 42", 0.0, None),
        ("it is ४२", 1.0, "42"),
        ("42.9", 1.0, "42"),
        ("-42", 0.0, "-42"),
        ("1042", 0.0, "1042"),
        ("\\boxed{x}", 0.0, "x"),
        ("9" * 5000, 0.0, "9" * 1000),
        ("\\boxed{inf}", 0.0, "inf"),
        ("no number", 0.0, None),
    ],
)
def test_a_boxed_integer_must_lie_between_0_and_999(
    text: str, score: float, answer: str | None
) -> None:
    verdict = score_boxed_integer(text, FORTY_TWO)

    assert (verdict.score, verdict.answer) == (score, answer)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1e3", 1000.0),
        ("−5", -5.0),
        ("１２．５", 12.5),
        ("2½", 2.5),
        ("-½", -0.5),
        ("3²", 9.0),
        ("2⁻¹", 0.5),
        ("³³", 33.0),
        ("4¹，", 4.0),
        ("两", 2.0),
        ("○", 0.0),
        ("十0", 10.0),
        ("Ⅻ⅓", 12.0 + 1.0 / 3.0),
        ("1e－3", 0.001),
        ("Ⅻ", 12.0),
        ("五", 5.0),
        ("二十一", 21.0),
        ("三千零五", 3005.0),
        ("两万", 20000.0),
        ("二〇二五", 2025.0),
        ("三点一四", 3.14),
        ("1’000", 1000.0),
        ("٤٢", 42.0),
    ],
)
def test_numbers_of_any_script_are_read(text: str, number: float) -> None:
    assert parse_number(text) == pytest.approx(number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "nan",
        "inf",
        "1/2",
        "42th",
        "4-2",
        "½½",
        "1½2",
        "0⁻¹",
        "9⁹⁹⁹⁹",
        "1.2.3",
        "九" * 500,
        "9e负2",
        "、−、3",
        "十、",
    ],
)
def test_what_is_not_one_finite_number_is_none(text: str) -> None:
    assert parse_number(text) is None
