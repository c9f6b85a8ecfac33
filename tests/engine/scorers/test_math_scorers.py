from __future__ import annotations

import resource
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.engine.scorers import math_worker
from app.engine.scorers.answer_lines import final_answer_line
from app.engine.scorers.math import equal_by_value
from app.engine.scorers.math_judged import (
    equality_prompt,
    make_math_inspect,
    make_math_openbench,
)
from app.engine.scorers.math_strings import hendrycks_form, minerva_form, same_string
from app.engine.scorers.math_sympy import SymbolicComparer
from app.engine.scorers.scorer_registry import all_scorers
from app.engine.types import Message, ModelReply, Sample, TokenUsage


@pytest.fixture
def comparer() -> Iterator[SymbolicComparer]:
    comparer = SymbolicComparer(limit_s=1.5)
    yield comparer
    comparer.close()


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("\\dfrac12", "\\frac{1}{2}"),
        ("0.5", "\\frac{1}{2}"),
        ("3/4", "\\frac{3}{4}"),
        ("x = 5", "5"),
        ("90^\\circ", "90"),
        ("\\sqrt3", "\\sqrt{3}"),
        ("\\left( 3, 4 \\right)", "(3,4)"),
        ("10 \\text{ units}", "10"),
        (".5", "0.5"),
        ("50\\%", "50"),
        ("50%", "50"),
        ("\\ 50\\ ", "50"),
        ("50\\text{ cm}^2 \\text{ or so}", "50"),
        ("x/y", "x/y"),
    ],
)
def test_expressions_with_the_same_string_form_are_equal(left: str, right: str) -> None:
    assert same_string(left, right)


@pytest.mark.parametrize(
    ("left", "right"), [("42.0", "42"), ("x/2", "\\frac{x}{2}"), ("\\frac", "1"), ("\\sqrt", "1")]
)
def test_the_string_form_knows_no_arithmetic_and_survives_broken_latex(
    left: str, right: str
) -> None:
    assert not same_string(left, right)


def test_text_too_long_for_an_answer_is_compared_as_it_stands() -> None:
    long = "1+" * 100_000

    assert same_string(long, long)
    assert not same_string(long, long + " ")
    assert not equal_by_value(long, long)


def test_the_minerva_form_takes_the_right_side_and_drops_units_and_commas() -> None:
    assert minerva_form("x = $1,234$ dollars") == "1234"
    assert minerva_form("\\boxed{\\frac12}") == "\\frac{1}{2}"
    assert hendrycks_form("") == ""


@pytest.mark.parametrize(
    ("answer", "target"), [("42.0", "42"), ("$x^2+2x+1$", "(x+1)^2"), ("\\sqrt{12}", "2\\sqrt{3}")]
)
def test_equal_values_are_recognised(answer: str, target: str) -> None:
    assert equal_by_value(answer, target)


def test_different_values_and_unreadable_latex_are_unequal() -> None:
    assert not equal_by_value("41", "42")
    assert not equal_by_value("(2,12) \\cup (12,102)", "(2,12) \\cup (12,102)")


@pytest.mark.parametrize("hostile", ["9^{9^{9^9}}", "{99999999}!"])
def test_a_hostile_expression_ends_within_the_limit_and_the_next_one_works(
    comparer: SymbolicComparer, hostile: str
) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert not comparer.equal(hostile, "1")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime - before.ru_utime < 15  # with the start of the child
    assert comparer.equal("1+1", "2")


def test_time_that_others_take_from_the_child_does_not_count() -> None:
    comparer = SymbolicComparer(limit_s=1.5)
    try:
        assert comparer.equal("1", "1.0")
        child = comparer._process
        assert child is not None
        child.send_signal(signal.SIGSTOP)
        threading.Timer(4.0, child.send_signal, [signal.SIGCONT]).start()
        assert comparer.equal("2", "2.0")
    finally:
        comparer.close()


def test_the_child_may_take_little_memory(comparer: SymbolicComparer) -> None:
    assert comparer.equal("1", "1")
    assert comparer._process is not None
    limits = Path(f"/proc/{comparer._process.pid}/limits").read_text()
    (space,) = [line.split()[3] for line in limits.splitlines() if "address space" in line]
    assert int(space) <= 300_000_000


def test_the_child_answers_every_request_even_one_it_cannot_read() -> None:
    parse_latex = math_worker.load_parser()

    assert math_worker.answer(parse_latex, '{"left": "\\\\frac{1}{2}", "right": "0.5"}') == {
        "equal": True
    }
    broken = math_worker.answer(parse_latex, '{"left": "\\\\frac{", "right": "1"}')
    assert broken["equal"] is False
    assert broken["reason"]


def test_the_comparer_works_again_after_it_was_closed(comparer: SymbolicComparer) -> None:
    assert comparer.equal("2", "2")
    comparer.close()
    assert comparer.equal("2", "2.0")


def test_profiles_differ_in_where_they_look_and_what_is_equal() -> None:
    sample = Sample("1", (), "\\frac{1}{2}")

    assert all_scorers()["math/inspect"]("ANSWER: 0.5", sample).score == 1.0
    assert all_scorers()["math/inspect_exact"]("ANSWER: 0.50", sample).score == 0.0
    assert all_scorers()["math/inspect_sympy"]("ANSWER: 0.50", sample).score == 1.0
    assert all_scorers()["math/inspect"]("It is $\\boxed{0.5}$.", sample).answer is None
    assert all_scorers()["math/studio"]("It is $\\boxed{0.5}$.", sample).score == 1.0
    assert all_scorers()["math/inspect"]("ANSWER: 0.5\n\nHope this helps!", sample).answer is None


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("ANSWER: 1\nANSWER: 2 \n\n", "2 "),
        ("ANSWER: 2\r\n", "2\r"),
        ("so ANSWER: 1 or ANSWER: 2", "1 or ANSWER: 2"),
        ("ANSWER: 1\nANSWER: \t\n", "\t"),
        ("ANSWER: 1\nANSWER:\n", None),
        ("ANSWER: 1\nSure?", None),
    ],
)
def test_the_line_that_ends_the_response_is_taken_as_it_stands(
    text: str, answer: str | None
) -> None:
    assert final_answer_line(text) == answer


def _judge(reply: str, asked: list[str]) -> object:
    def judge(messages: tuple[Message, ...]) -> ModelReply:
        asked.extend(message["content"] for message in messages)
        return ModelReply(text=reply, usage=TokenUsage(7, 1))

    return judge


@pytest.mark.parametrize(
    ("reply", "openbench", "inspect"),
    [
        ("Yes", 1.0, 1.0),
        (" yes \n", 1.0, 1.0),
        ("yes.", 0.0, 1.0),
        ("Not sure, but Yes", 0.0, 1.0),
        ("No. On second thought: yes", 0.0, 1.0),
        ("Yes\nno", 0.0, 0.0),
        ("No", 0.0, 0.0),
    ],
)
def test_the_judges_word_is_read_as_each_reference_reads_it(
    reply: str, openbench: float, inspect: float
) -> None:
    sample = Sample("1", (), "2")
    judge = _judge(reply, [])

    verdict = make_math_openbench(judge)("ANSWER: 2", sample)  # type: ignore[arg-type]

    assert verdict.score == openbench
    assert verdict.judge_usage == TokenUsage(7, 1)
    assert make_math_inspect(judge)("ANSWER: 2", sample).score == inspect  # type: ignore[arg-type]


def test_a_judge_that_sends_no_text_leaves_the_answer_unscored() -> None:
    for make in (make_math_openbench, make_math_inspect):
        verdict = make(_judge("", []))("ANSWER: 2", Sample("1", (), "2"))  # type: ignore[arg-type]
        assert verdict.score is None
        assert verdict.detail["judge_error"] == "judge_unreadable"


def test_the_judge_is_not_asked_about_a_missing_answer() -> None:
    asked: list[str] = []
    scorer = make_math_openbench(_judge("Yes", asked))  # type: ignore[arg-type]

    assert scorer("I cannot solve this.", Sample("1", (), "2")).answer is None
    assert asked == []


def test_openbench_judges_the_first_answer_and_inspect_the_last() -> None:
    asked: list[str] = []
    judge = _judge("Yes", asked)
    sample = Sample("1", (), "2")

    make_math_openbench(judge)("ANSWER: 1\nANSWER: 2", sample)  # type: ignore[arg-type]
    make_math_inspect(judge)("ANSWER: 1\nANSWER: 2", sample)  # type: ignore[arg-type]

    assert asked == [
        equality_prompt("2", "1", indent=4),
        equality_prompt("2", "2", indent=2, note_gap="\n"),
    ]
