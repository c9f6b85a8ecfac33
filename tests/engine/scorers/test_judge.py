from __future__ import annotations

import json

import pytest

from app.engine.engine_errors import ModelCallError, Scope
from app.engine.scorers.scorer_registry import judged_scorers
from app.engine.scorers.simpleqa import JUDGED, read_bare_grade
from app.engine.types import ModelReply, Sample, TokenUsage

MOON = Sample("1", ({"role": "user", "content": "Last man on the moon?"},), "Gene Cernan")


def replying(text: str):
    return lambda messages: ModelReply(text, usage=TokenUsage(900, 1))


def failing(scope: Scope):
    def judge(messages):
        raise ModelCallError("rate_limited", "Too many requests", scope=scope)

    return judge


def test_openbench_prompts_and_verdicts_are_reproduced_to_the_byte(test_data):
    path = test_data / "parity" / "simpleqa.openbench.jsonl"
    for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
        recorded = row["grader"][0]

        def judge(messages, recorded=recorded):
            assert list(messages) == recorded["messages"]
            return ModelReply(recorded["completion"])

        sample = Sample(row["id"], tuple(row["messages"]), row["target"])
        verdict = JUDGED["judge/simpleqa_openbench"](judge)(row["completion"], sample)
        assert verdict.score == row["score"]["simpleqa_scorer"]
        assert verdict.detail["grade"] == row["score_metadata"]["simpleqa_scorer"]["grade"]


@pytest.mark.parametrize(
    ("reply", "inspect", "openbench"),
    [
        ("A", 1.0, 1.0),
        ("B.", 0.0, 0.0),
        ("**C**", 0.0, 0.0),
        ("CORRECT", 1.0, 0.0),
        ("NOT_ATTEMPTED", 0.0, 1.0),
        ("The grade is A", 1.0, 1.0),
        ("(A)", 1.0, 1.0),
        ("**A**", 1.0, 1.0),
        ("A: CORRECT", 1.0, 1.0),
        ("B: INCORRECT", 0.0, 0.0),
        ("C - NOT_ATTEMPTED", 0.0, 0.0),
        ("CORRECT (A)", 1.0, 0.0),
        ("**Grade:** `A`", 1.0, 1.0),
        (r"$\boxed{\text{A}}$", 1.0, 1.0),
        ("A: both name the same man", 1.0, 1.0),
        ("Both name the same man.\n\nA", 1.0, 0.0),
        ("A\n\nBoth name the same man.", 1.0, 1.0),
        ("A, because both name the same man", 1.0, 1.0),
        ("It matches.\n\nTherefore the grade is A.", 1.0, 1.0),
        ("I would grade this as A.", 1.0, 1.0),
        ("The predicted answer is INCORRECT.", 0.0, 0.0),
        ("Judgement: CORRECT", 1.0, 0.0),
        ('```json\n{"grade": "A"}\n```', 1.0, 1.0),
        ("<grade>A</grade>", 1.0, 1.0),
        ("“A”<|im_end|>", 1.0, 1.0),
        ("A, B", None, 1.0),
        ("A: INCORRECT", None, 1.0),
        ("A\n\nB", None, 1.0),
        ("A or B", None, 1.0),
        ("A correct answer", None, 1.0),
        ("no idea", None, 0.0),
        ("", None, None),
    ],
)
def test_a_reply_is_read_as_its_protocol_reads_it(reply, inspect, openbench):
    assert JUDGED["judge/simpleqa_inspect"](replying(reply))("Cernan", MOON).score == inspect
    assert JUDGED["judge/simpleqa_openbench"](replying(reply))("Cernan", MOON).score == openbench


PROFILES = ("judge/simpleqa_inspect", "judge/simpleqa_openbench")


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(
    "reply",
    [
        "<think>Alright, the Answer could be A.</think>B",
        "Alright, the Answer could be A.\n</think>\n\nB",
        "<thinking>CORRECT? A.</thinking>\n\n**B**",
        "<think>A</think>\n<think>A again</think>B: INCORRECT",
        "<think>A <think>A</think> A</think>(B)",
        "[THINK]A[/THINK]B",
    ],
)
def test_what_a_judge_thought_aloud_is_not_its_grade(profile, reply):
    verdict = judged_scorers()[profile](replying(reply))("Cernan", MOON)
    assert (verdict.score, verdict.detail["grade"]) == (0.0, "incorrect")
    assert "A" not in verdict.detail["judge_reply"]


def test_what_the_judge_of_hle_or_maths_thought_aloud_is_not_its_grade():
    hle = judged_scorers()["judge/hle_openbench"]
    for thought in ("<think>correct: yes?</think>", "correct: yes?</think>"):
        assert hle(replying(f"{thought}\ncorrect: no\n\nconfidence: 7"))("x", MOON).score == 0.0
    for profile in ("math/openbench", "math/inspect_judged"):
        judged = judged_scorers()[profile](replying("No, I mean yes.</think>Yes"))
        assert judged("Answer: 3", MOON).score == 1.0
        judged = judged_scorers()[profile](replying("<think>yes</think>No"))
        assert judged("Answer: 3", MOON).score == 0.0


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (ModelReply("", "stop", reasoning="A, I think"), "sent reasoning and no grade"),
        (ModelReply("", "length", reasoning="A, I think"), "limit of tokens"),
        (ModelReply("<think>A, I think", "length"), "limit of tokens"),
        (ModelReply("", "content_filter"), "refused"),
        (ModelReply(" \n", "stop"), "no text"),
    ],
)
@pytest.mark.parametrize(
    "profile", [*PROFILES, "judge/hle_openbench", "math/openbench", "math/inspect_judged"]
)
def test_a_judge_without_an_answer_leaves_the_sample_unscored(profile, reply, why):
    verdict = judged_scorers()[profile](lambda messages: reply)("Answer: Cernan", MOON)
    assert (verdict.score, verdict.detail["judge_error"]) == (None, "judge_unreadable")
    assert why in verdict.explanation


def test_the_judge_tokens_are_booked_even_when_it_gave_no_grade():
    for reply in ("A", "no idea"):
        verdict = JUDGED["judge/simpleqa_inspect"](replying(reply))("Cernan", MOON)
        assert verdict.judge_usage == TokenUsage(900, 1)


def test_a_judge_that_fails_on_one_sample_leaves_it_unscored():
    verdict = JUDGED["judge/simpleqa_openbench"](failing("sample"))("Cernan", MOON)
    assert verdict.score is None
    assert verdict.explanation == "The judge failed: Too many requests"
    assert verdict.detail["judge_error"] == "rate_limited"


@pytest.mark.parametrize("scope", ["pause", "fail"])
def test_a_judge_that_can_never_answer_stops_the_run(scope):
    with pytest.raises(ModelCallError):
        JUDGED["judge/simpleqa_openbench"](failing(scope))("Cernan", MOON)


def test_answers_with_braces_and_several_targets_reach_the_judge_as_they_are():
    seen = []

    def judge(messages):
        seen.append(messages[0]["content"])
        return ModelReply("B")

    sample = Sample("1", (), ("{first}", "second"), metadata={"question": "{question}"})
    JUDGED["judge/simpleqa_openbench"](judge)("{target}", sample)
    assert "Question: {question}\nGold target: {first}\nPredicted answer: {target}\n" in seen[0]


@pytest.mark.parametrize(
    ("reply", "grade"),
    [
        ("(A)", "correct"),
        ("A.", "correct"),
        ("**B**", "incorrect"),
        ("`C`", "not_attempted"),
        ("A - CORRECT", "correct"),
        ("INCORRECT (B)", "incorrect"),
        ("Grade: **C**", "not_attempted"),
        ("The answer is B.", "incorrect"),
        ("[[A]]", "correct"),
        ('{"grade": "A"}', "correct"),
        ("<answer>B</answer>", "incorrect"),
        ("Answer: C: NOT_ATTEMPTED", "not_attempted"),
        ("CORRECT", "correct"),
        ("not attempted", "not_attempted"),
        ("A or B", None),
        ("Alright", None),
        ("", None),
        ("A: INCORRECT", None),
        ("I think it's a good answer", None),
        ("Final grade: A", "correct"),
        ("A\n", "correct"),
        ("$\\boxed{A}$", "correct"),
        ("B) INCORRECT", "incorrect"),
        ("“A”", "correct"),
        ("A，正确", None),
        ("Option A", "correct"),
        ("Grade = B", "incorrect"),
        ("# A", "correct"),
        ("> B", "incorrect"),
        ("A!", "correct"),
    ],
)
def test_a_bare_grade_is_read_in_any_dress(reply, grade):
    read = read_bare_grade(reply)
    assert (read and read.name) == grade
