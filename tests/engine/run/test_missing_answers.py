"""Runs against servers whose replies hold no answer."""

from __future__ import annotations

import pytest

from app.engine.clients.classify import RETRY_ONCE
from app.engine.clients.providers import make_client
from app.engine.run.missing_answers import cut_while_thinking
from app.engine.types import ModelReply, Outcome, TokenUsage
from app.net.guard import EgressPolicy
from app.net.retry import RetryPolicy
from tests.engine.run.test_runner import Recorder, plan, run
from tests.fakes.model_server import Answer, ModelServer
from tests.fakes.provider_shapes import shaped


def run_against(shape, **changes):
    script = shaped(shape) if isinstance(shape, str) else shape
    with ModelServer(answer=script, latency_s=0.01) as server:
        client = make_client("openai_compatible", server.base_url, None, "m",
                             policy=EgressPolicy(allow_private=True), provider="Acme")  # fmt: skip
        try:
            end, recorder, _ = run(plan(**changes), client, Recorder())
        finally:
            client.close()
        return end, recorder, server.calls


@pytest.mark.parametrize(
    "shape", ["vllm/only_reasoning", "llamacpp/only_reasoning", "ollama/only_reasoning"]
)
def test_a_run_whose_answers_the_server_eats_ends_early_and_says_why(shape):
    end, recorder, calls = run_against(shape, count=30)

    assert (end.reason, end.error.code) == ("failed", "only_reasoning")
    assert "reasoning parser" in end.error.message
    assert "--reasoning-parser" in end.error.action
    assert 5 <= calls < 30
    assert {result.outcome for result in recorder.results} == {Outcome.ERROR}
    assert {result.score for result in recorder.results} == {None}
    assert recorder.codes("warning") == ["only_reasoning"]


def test_what_was_thought_and_spent_is_kept_with_the_error():
    _, recorder, _ = run_against("vllm/only_reasoning", count=1)

    result = recorder.results[0]
    assert result.error.code == "only_reasoning"
    assert "(10 tokens)" in result.error.message
    assert "ANSWER: A" in result.reasoning
    assert (result.completion, result.usage.output_tokens) == ("", 10)


def test_some_answers_keep_the_run_going():
    eaten, whole = shaped("vllm/only_reasoning"), shaped("vllm/answer")
    end, recorder, calls = run_against(
        lambda call: whole(call) if call.number % 2 else eaten(call),
        count=20,
        max_connections=1,
    )
    assert (end.reason, calls) == ("completed", 20)
    assert sum(result.outcome is Outcome.ERROR for result in recorder.results) == 10
    assert recorder.codes("warning") == ["only_reasoning"]


@pytest.mark.parametrize("shape", ["vllm/cut_thinking", "openai/cut_thinking"])
def test_a_reply_that_is_all_thinking_says_so(shape):
    _, recorder, _ = run_against(shape, count=2)

    result = recorder.results[0]
    assert (result.outcome, result.score) == (Outcome.TRUNCATED, 0.0)
    assert "10 of 10 tokens went into thinking" in result.explanation
    assert "2 of them before there was an answer" in recorder.events[-1].message


def test_a_cut_reply_without_a_word_is_not_called_thinking():
    cut = Answer(text="", finish_reason="length")
    _, recorder, _ = run_against(lambda call: cut, count=2)

    assert "before there was any text" in recorder.results[0].explanation
    assert recorder.events[-1].message == (
        "2 answers hit max_tokens, 2 of them before there was an answer; raise it."
    )


def test_a_cut_reply_with_an_answer_keeps_its_explanation():
    cut = Answer(text="ANSWER: A", finish_reason="length")
    _, recorder, _ = run_against(lambda call: cut, count=1)
    assert (recorder.results[0].score, recorder.results[0].explanation) == (1.0, "")
    assert recorder.events[-1].message == "1 answer hit max_tokens; raise it."


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (
            ModelReply("", "length", TokenUsage(None, 10), reasoning="hm"),
            "10 of 10 tokens went into",
        ),
        (
            ModelReply("", "length", TokenUsage(None, 10, reasoning_tokens=8)),
            "8 of 10 tokens went into",
        ),
        (
            ModelReply("", "length", TokenUsage(None, 7, reasoning_tokens=7)),
            "7 of 7 tokens went into",
        ),
        (ModelReply("", "length", reasoning="hm"), "all tokens went into thinking"),
        (ModelReply("<think>hm", "length", TokenUsage(None, 3)), "all tokens went into thinking"),
        (ModelReply("", "length", TokenUsage(None, 10)), "before there was any text"),
    ],
)
def test_where_the_tokens_went_is_told_as_far_as_it_is_known(reply, words):
    assert words in cut_while_thinking(reply)


def test_answers_without_any_text_are_told():
    silent = Answer(text="")
    end, recorder, _ = run_against(lambda call: silent, count=3)
    assert end.reason == "completed"
    assert {result.outcome for result in recorder.results} == {Outcome.UNPARSABLE}
    assert recorder.codes("warning") == ["empty_answers"]
    assert recorder.events[-1].message.startswith("3 answers hold no text")


def test_a_generation_that_failed_is_asked_again():
    def answer(call):
        return shaped("vllm/abort")(call) if call.number % 2 == 0 else "ANSWER: A"

    end, recorder, calls = run_against(answer, count=3, max_connections=1)
    assert (end.reason, calls) == ("completed", 6)
    assert [result.outcome for result in recorder.results] == [Outcome.CORRECT] * 3
    assert recorder.codes("retry") == ["generation_failed"] * 3


@pytest.mark.parametrize(
    ("shape", "code", "calls"),
    [
        ("gemini/malformed_function_call", "malformed_generation", 2),
        ("gateway/null_message", "empty_reply", 2),
        ("vllm/tool_call", "tool_call", 1),
    ],
)
def test_what_another_try_rarely_helps_is_an_error_and_not_wrong(shape, code, calls):
    once = RetryPolicy(base_wait_s=0.01, max_wait_s=0.02, once=RETRY_ONCE)
    end, recorder, made = run_against(shape, count=1, retry=once)
    result = recorder.results[0]
    assert (result.outcome, result.score, result.error.code) == (Outcome.ERROR, None, code)
    assert (end.reason, made) == ("completed", calls)


@pytest.mark.parametrize("shape", ["gemini/recitation", "gemini/prohibited", "gemini/spii"])
def test_what_the_provider_withholds_is_refused(shape):
    _, recorder, _ = run_against(shape, count=1)
    assert recorder.results[0].outcome is Outcome.REFUSED
