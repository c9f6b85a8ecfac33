from __future__ import annotations

import pytest

from app.engine.scorers.choice_openbench import extract_letter, score_choice
from app.engine.types import Sample


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("ANSWER: C", "C"),
        ("**Answer:** c", "C"),
        ("The answer is (C).", "C"),
        ("Option B is correct.", "B"),
        ("$\\boxed{\\text{D}}$", "D"),
        ("\\textbf{C}", "C"),
        ("**C) because it fits**", "C"),
        ("some thought\n  **B**.  \nmore", "B"),
        ("Respuesta: B", "B"),
        ("الإجابة: D", "D"),
        ("উত্তর: ঢ", "D"),
        ("答案：C", "C"),
        ("Answer: Ｂ", "B"),
        ("Answer:" + 6 * "\u200b" + "B", "B"),
    ],
)
def test_finds_the_letter_in_many_formats(text: str, letter: str) -> None:
    assert extract_letter(text) == letter


@pytest.mark.parametrize(
    "text", ["", " \n", "The answer is C.", "I pick B", "\\boxed{c", "(d)", "Answer:\u200bB"]
)
def test_finds_no_letter_where_the_reference_finds_none(text: str) -> None:
    assert extract_letter(text) is None


def test_the_letter_after_answer_is_taken_even_from_the_middle_of_a_word() -> None:
    assert extract_letter("Answers: C") == "S"
    assert extract_letter("Answer: Because it fits") == "B"


def test_the_first_answer_line_beats_a_later_correction() -> None:
    assert extract_letter("ANSWER: B\n\nWait.\n\nANSWER: C") == "B"


def test_a_pattern_of_higher_priority_beats_an_earlier_position() -> None:
    assert extract_letter("(B) is tempting.\nAnswer: C") == "C"


def test_multilingual_prefixes_know_only_four_letters() -> None:
    assert extract_letter("答案：E") is None


def test_a_letter_beyond_the_options_is_wrong_but_not_missing() -> None:
    verdict = score_choice("Answer: Z", Sample("1", (), "A", ("x", "y")))

    assert (verdict.score, verdict.answer) == (0.0, "Z")


def test_a_missing_letter_is_reported_as_no_answer() -> None:
    verdict = score_choice("I cannot say.", Sample("1", (), "A"))

    assert (verdict.score, verdict.answer) == (0.0, None)
    assert "No answer letter" in verdict.explanation
