from __future__ import annotations

import pytest

from app.engine.scorers.choice_inspect import extract_letters, score_choice
from app.engine.types import Sample

OPTIONS = ("one", "two", "three", "four")


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("ANSWER: C", "C"),
        ("answer: c.", "C"),
        ("Answer:\n\n**C**", "C"),
        ("Answer: $C$", "C"),
        ("Answer: (C)", "C"),
        ("**Answer: C**", "C"),
        ("> ANSWER: C", "C"),
        ("ANSWER: C,", "C"),
        ("Answer: C) the third", "C"),
        ("Answer: C. three", "C"),
        ("ANSWER: B\n\nWait, I made a mistake.\n\nANSWER: C", "C"),
        ("Answer: B\nOn reflection Answer: C", "B"),
        ("ANSWER:\r\nC,\r\nD", "C"),
        ("**ANSWER**: C", "C"),
        ("** ANSWER **: C", "C"),
        ("ANSWER: $ C $", "C"),
        ("Answer:(c), I think", ""),
        ("I say ANSWER: C, é", "C"),
        ("I say ANSWER: C because ANSWER: D!", ""),
        ("I say ANSWER: C ANSWER: D!", ""),
        ("ANSWER: C\nANSWER: \n", ""),
        ("ANSWER: C\nANSWER:\n", "C"),
        ("ANSWER: C\nANSWER: .", ""),
    ],
)
def test_reads_the_answer_line(text: str, letters: str) -> None:
    assert extract_letters(text, 4) == letters


@pytest.mark.parametrize(
    "text",
    [
        "",
        "C",
        "The answer is (C).",
        "ANSWER: C and B",
        "ANSWER: C, B",
        "ANSWER: BC",
        "ANSWER: E",
        "ANSWER: 1",
        "Answer: I am not sure",
        'Answer: "C"',
        "Answer: Ｃ",
        "**Answer:** C",
        "Answers: C",
        "Answer: \\boxed{C}",
        "*Answer: (C)*",
        "Answer: (C)%",
        "Answer: ( C )",
        "ANSWER: , C",
        "ANSWER: C ,",
    ],
)
def test_everything_else_is_no_answer(text: str) -> None:
    assert extract_letters(text, 4) == ""


def test_several_right_options_may_be_listed_in_any_way() -> None:
    for text in ("ANSWER: A,C", "ANSWER: C and A", "ANSWER: CA", "ANSWER: A, C,"):
        verdict = score_choice(text, Sample("1", (), ("A", "C"), OPTIONS))
        assert (verdict.score, verdict.answer) == (1.0, "AC")


@pytest.mark.parametrize("text", ["ANSWER: A,CC", "ANSWER: A, A C"])
def test_commas_and_runs_of_letters_do_not_mix(text: str) -> None:
    assert score_choice(text, Sample("1", (), ("A", "C"), OPTIONS)).answer is None


def test_one_of_several_right_options_is_wrong() -> None:
    assert score_choice("ANSWER: A", Sample("1", (), ("A", "C"), OPTIONS)).score == 0.0


def test_a_target_in_a_tuple_is_compared_like_a_letter() -> None:
    assert score_choice("ANSWER: b", Sample("1", (), ("B",), OPTIONS)).score == 1.0
