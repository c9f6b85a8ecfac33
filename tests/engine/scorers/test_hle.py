"""HLE's judge: what it is sent, and how its reply is read. All rows are made up."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from app.engine.engine_errors import ModelCallError, Scope
from app.engine.scorers.hle import JUDGED, stated_confidence
from app.engine.types import Message, ModelReply, Sample, TokenUsage, Verdict

QUESTION = "How many {legs} has a spider?"
SPIDER = Sample("1", ({"role": "user", "content": QUESTION},), "8")
RESPONSE = "Explanation: {arachnid}\nAnswer: eight\nConfidence: 70%"
REPLY = (
    "extracted_final_answer: eight\n\n[correct_answer]: 8\n\n"
    "reasoning: Eight is 8.\nThey match.\n\ncorrect: yes\n\nconfidence: 70"
)


def judged(reply: str, completion: str = RESPONSE) -> Verdict:
    def judge(_messages: tuple[Message, ...]) -> ModelReply:
        return ModelReply(reply, usage=TokenUsage(400, 60))

    return JUDGED["judge/hle_openbench"](judge)(completion, SPIDER)


def failing(scope: Scope) -> Callable[[tuple[Message, ...]], ModelReply]:
    def judge(_messages: tuple[Message, ...]) -> ModelReply:
        raise ModelCallError("rate_limited", "Too many requests", scope=scope)

    return judge


def test_the_judge_gets_question_response_and_answer_as_they_are() -> None:
    seen: list[str] = []

    def judge(messages: tuple[Message, ...]) -> ModelReply:
        seen.extend(message["content"] for message in messages)
        return ModelReply("correct: no")

    JUDGED["judge/hle_openbench"](judge)(RESPONSE, SPIDER)
    (prompt,) = seen
    assert prompt.startswith("Judge whether the following [response] to [question] is correct")
    assert f"below.\n\n[question]: {QUESTION}\n\n[response]: {RESPONSE}\n\nYour judgement" in prompt
    assert "\n\n[correct_answer]: 8\n\nreasoning: Explain why" in prompt
    assert "i.e. if there if there is any inconsistency" in prompt
    assert "answer is incorrect.\n\n\nconfidence: The extracted" in prompt
    assert "between 0|\\%| and 100|\\%| from [response]. Put 100" in prompt
    assert prompt.endswith("if there is no confidence score available.")


def test_a_verdict_has_answer_reasoning_confidence_and_cost() -> None:
    verdict = judged(REPLY)
    assert (verdict.score, verdict.answer) == (1.0, "eight")
    assert verdict.explanation == "Eight is 8.\nThey match."
    assert verdict.detail["confidence"] == 70
    assert verdict.detail["grade"] == "correct"
    assert verdict.detail["judge_readable"]
    assert verdict.judge_usage == TokenUsage(400, 60)


@pytest.mark.parametrize(
    ("reply", "score", "readable"),
    [
        ("correct: yes", 1.0, True),
        ("CORRECT: YES", 1.0, True),
        ("correct:\nno", 0.0, True),
        ("correct: no ... correct: yes", 0.0, True),
        ("**correct:** yes", 0.0, False),
        ("**correct: yes**", 1.0, True),
        ("- correct: no", 0.0, True),
        ("correct: **yes**", 0.0, False),
        ("correct : yes", 0.0, False),
        ("correct:yes", 1.0, True),
        ("correct:\tYes.", 1.0, True),
        ("incorrect: yes", 1.0, False),
        ("reasoning: so correct: yes\n\ncorrect: no", 1.0, False),
        ("reasoning: is it correct: no doubt\n\ncorrect: yes", 0.0, False),
        ("not correct: yes", 1.0, False),
        ("correct: yes\ncorrect: no", 1.0, False),
        ("correct: yesterday", 1.0, False),
        ("yes", 0.0, False),
        ("", None, None),
    ],
)
def test_the_first_yes_or_no_after_correct_counts(reply: str, score: float, readable: bool) -> None:
    verdict = judged(reply)
    assert verdict.score == score
    assert verdict.detail.get("judge_readable") is readable


def test_no_extracted_answer_is_no_answer() -> None:
    assert judged("extracted_final_answer: None\n\ncorrect: no").answer is None
    assert judged("correct: no").answer is None


@pytest.mark.parametrize(
    ("reply", "completion", "confidence"),
    [
        ("correct: yes\nconfidence: 35%", "Confidence: 90%", 35),
        ("correct: yes\nconfidence: 100", "Confidence: 90%", 90),
        ("correct: yes", "Confidence: 90%", 90),
        ("correct: yes", "no word about it", 100),
        ("correct: yes\nconfidence: 250", "no word about it", 100),
    ],
)
def test_confidence_is_the_judges_else_read_from_the_response(
    reply: str, completion: str, confidence: int
) -> None:
    assert judged(reply, completion).detail["confidence"] == confidence


@pytest.mark.parametrize(
    ("completion", "confidence"),
    [
        ("Confidence: 85%", 85),
        ("confidence:85", 85),
        ("Confidence: 0.85", 85),
        ("Confidence: .5", 50),
        ("Confidence: 1%", 1),
        ("Confidence: 0%", 0),
        ("Confidence: 62.5 %", 62),
        ("Confidence: 400%", 100),
        ("I am 80% confident.", 80),
        ("I am 0.95 confident.", 95),
        ("", 100),
    ],
)
def test_stated_confidence_is_a_whole_percentage(completion: str, confidence: int) -> None:
    assert stated_confidence(completion) == confidence


@pytest.mark.parametrize("text", ["1" * 200_000, " " * 200_000, "correct: " * 20_000])
def test_a_degenerate_response_or_reply_is_read_in_no_time(text: str) -> None:
    started = time.process_time()
    judged(text, text)
    assert time.process_time() - started < 5


def test_a_judge_that_fails_on_one_sample_leaves_it_unscored() -> None:
    verdict = JUDGED["judge/hle_openbench"](failing("sample"))(RESPONSE, SPIDER)
    assert verdict.score is None
    assert "confidence" not in verdict.detail


def test_a_judge_that_can_never_answer_stops_the_run() -> None:
    with pytest.raises(ModelCallError):
        JUDGED["judge/hle_openbench"](failing("fail"))(RESPONSE, SPIDER)
