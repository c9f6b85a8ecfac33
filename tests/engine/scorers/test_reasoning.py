"""What the registry hides from the scorers; the expected texts are those of inspect_ai."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from app.engine.scorers import scorer_registry
from app.engine.scorers.reasoning import (
    Thoughts,
    after_lone_closing,
    split_thoughts,
    without_balanced_thought,
    without_first_thought,
)
from app.engine.types import Message, ModelReply, Sample


@pytest.mark.parametrize(
    ("text", "openbench", "inspect"),
    [
        ("<think>A</think>B", "B", "B"),
        (" <think>A\n</think>\n B \n", "B", "B"),
        ("x <think>A</think> B", "x  B", "x  B"),
        ("<think>A</think>", "", ""),
        ("<think>A", "<think>A", "<think>A"),
        ("A</think>B", "A</think>B", "A</think>B"),
        (" <thinking>A</thinking> B ", " <thinking>A</thinking> B ", " <thinking>A</thinking> B "),
        ("<think>A</think>B<think>C</think>D", "B<think>C</think>D", "B<think>C</think>D"),
        ("<think>A<think>B</think>C</think>D", "C</think>D", "D"),
        ("<think>A<think>B</think>C", "C", "C"),
        ('<think signature="s" redacted="true">A</think>B', "B", "B"),
        ("<think x='1'>A</think>B", "<think x='1'>A</think>B", "B"),
        ("<think>A</think</think>B", "B", "B"),
    ],
)
def test_one_closed_block_is_left_out_as_each_reference_does_it(
    text: str, openbench: str, inspect: str
) -> None:
    assert without_first_thought(text) == openbench
    assert without_balanced_thought(text) == inspect


@pytest.mark.parametrize(
    "cut", [without_first_thought, without_balanced_thought, after_lone_closing, split_thoughts]
)
@pytest.mark.parametrize(
    "part", ["<think", "<think>", "</think>", "<think\t ", "</think", "<think>\n</"]
)
def test_tags_that_do_not_match_are_read_once(cut: Callable[[str], object], part: str) -> None:
    started = time.thread_time()
    cut(part * 100_000)
    assert time.thread_time() - started < 1.0


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [
        ("B", "", "B"),
        (" B\n", "", " B\n"),
        ("<think>A</think>B", "A", "B"),
        ("A</think>B", "A", "B"),
        ("A</think>x</think> B", "Ax", "B"),
        ("<think>A</think>B<think>C</think>D", "AC", "BD"),
        ("<think>A<think>B</think>C</think>D", "ABC", "D"),
        ("<think>A", "A", ""),
        ("B <think>A", "A", "B"),
        ("<think></think>B", "", "B"),
        ('<think signature="s">A</think>B', "A", "B"),
        ("<thinking>A</thinking>B", "A", "B"),
        ("<seed:think>A</seed:think>B", "A", "B"),
        ("[THINK]A[/THINK]B", "A", "B"),
        ("◁think▷A◁/think▷B", "A", "B"),
        ("if a < think and b > c", "", "if a < think and b > c"),
    ],
)
def test_a_text_is_divided_into_what_was_thought_and_what_is_said(
    text: str, reasoning: str, answer: str
) -> None:
    assert split_thoughts(text) == Thoughts(reasoning, answer)


@pytest.mark.parametrize("profile", ["mcq/openbench", "mcq/inspect", "exact/choice"])
def test_a_lone_closing_tag_ends_the_thinking_for_every_scorer(profile: str) -> None:
    sample = Sample("1", (), "A", ("x", "y"))
    text = "Option B? ANSWER: B\nAnswer: B\n</think>\n\nANSWER: A"
    assert scorer_registry.all_scorers()[profile](text, sample).score == 1.0


def test_no_scorer_sees_what_the_model_thought() -> None:
    scorers = scorer_registry.all_scorers()
    letter, number = Sample("1", (), "A", ("x", "y")), Sample("1", (), "42")

    assert scorers["mcq/openbench"]("<think>Answer: B</think>I pick:\nA", letter).score == 1.0
    assert scorers["numeric/inspect"]("It is 42. <think>Or 43?</think>", number).score == 1.0
    assert scorers["exact/number"]("<think>ANSWER: 42</think> Unknown.", number).answer is None


def test_the_judge_is_not_shown_what_the_model_thought() -> None:
    asked: list[str] = []

    def judge(messages: tuple[Message, ...]) -> ModelReply:
        asked.append(messages[0]["content"])
        return ModelReply(text="A")

    scorer = scorer_registry.judged_scorers()["judge/simpleqa_openbench"](judge)

    assert scorer("<think>Lyon or so?</think>Paris", Sample("1", (), "Paris")).score == 1.0
    assert "Predicted answer: Paris\n" in asked[0]
    assert "Lyon" not in asked[0]


def test_code_that_was_only_thought_of_is_not_run() -> None:
    class Runner:
        programs: list[str] = []

        def test(self, program: str, _tests: str, _timeout_s: float) -> None:
            self.programs.append(program)
            raise KeyboardInterrupt  # nothing is to be run here

    answer = "<think>```python\nwrong\n```</think>\n```python\nright\n```"
    scorer = scorer_registry.sandboxed_scorers()["code/mbpp_openbench"](Runner())

    assert scorer(f"<think>[BEGIN]x[DONE]</think>{answer}", Sample("1", (), "")).answer is None
    with pytest.raises(KeyboardInterrupt):
        scorer_registry.sandboxed_scorers()["code/humaneval_openbench"](Runner())(
            answer, Sample("1", (), "")
        )
    assert "right" in Runner.programs[0]
    assert "wrong" not in Runner.programs[0]


@pytest.mark.parametrize(
    "text",
    [
        "<THINK>a</THINK>B",
        "<reasoning>a</reasoning>B",
        "<thought>a</thought>B",
        "<|begin_of_thought|>a<|end_of_thought|><|begin_of_solution|>B<|end_of_solution|>",
        "<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>B<|END_RESPONSE|>",
        "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>B",
        "analysis: a.assistantfinal B",
    ],
)
def test_every_model_s_marks_of_thinking_are_known(text: str) -> None:
    divided = split_thoughts(text)
    assert divided.answer == "B"
    assert "a" in divided.reasoning


@pytest.mark.parametrize(
    "text", ["analysis of B", "the assistantfinal B", "B<|end|>", "I reason: B"]
)
def test_what_only_looks_like_thinking_is_the_answer(text: str) -> None:
    assert split_thoughts(text).answer == text


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>a</think>b", "b"),
        ("a</think>b", "b"),
        ("<think>a", ""),
        ("<THINKING>a</THINKING>b", "b"),
        ("b<think>a</think>", "b"),
        ("<think>a</think>b<think>c</think>d", "bd"),
        ("<think>a</think>\n\n\nb", "b"),
        ("<think\n>a</think>b", "b"),
        ("</think>b", "b"),
        ("<thoughts>a</thoughts>b", "b"),
        ("<think>a</thinking>b", "b"),
        ("<thinking>\nANSWER: A\n</thinking>\nANSWER: B", "ANSWER: B"),
        ("plain", "plain"),
        ("<|begin_of_thought|>a<|end_of_thought|><|begin_of_solution|>b<|end_of_solution|>", "b"),
        ("<seed:think>a</seed:think>b", "b"),
        ("[THINK]a[/THINK]b", "b"),
        (
            "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b<|return|>",
            "b",
        ),
        (
            "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b",
            "b",
        ),
        ("x <think> is a tag", "x"),
    ],
)
def test_what_stands_outside_of_thinking_is_the_answer(text: str, answer: str) -> None:
    assert split_thoughts(text).answer == answer
