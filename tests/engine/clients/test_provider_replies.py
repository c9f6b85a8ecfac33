"""What is read of each provider's answers, in the shapes that they really have."""

from __future__ import annotations

import json
from threading import Event

import pytest

from app.engine.clients.providers import Kind, make_client
from app.engine.engine_errors import ModelCallError
from app.engine.types import Generation, ModelReply, ModelRequest, Sample
from app.net.guard import EgressPolicy
from tests.fakes.model_server import Answer, ModelServer
from tests.fakes.provider_shapes import SHAPES, THOUGHT, ProviderServer, shaped

TEXT = "ANSWER: B"


@pytest.fixture(scope="module")
def server():
    with ProviderServer(text=TEXT) as running:
        yield running


def ask(server: ModelServer, model: str) -> ModelReply:
    kind: Kind = "anthropic" if model.startswith("anthropic/") else "openai_compatible"
    client = make_client(
        kind, server.base_url, None, model, policy=EgressPolicy(allow_private=True), provider="Acme"
    )
    sample = Sample("q7", ({"role": "user", "content": "hi"},), target="B")
    try:
        return client.complete(ModelRequest(sample, 1, Generation(), 60.0), Event())
    finally:
        client.close()


def fail(server: ModelServer, model: str) -> ModelCallError:
    with pytest.raises(ModelCallError) as caught:
        ask(server, model)
    return caught.value


ANSWERED = (
    "openai/answer", "anthropic/answer", "gemini/answer", "vllm/answer", "llamacpp/answer",
    "ollama/answer", "gateway/list_of_texts", "gateway/object",
)  # fmt: skip
THOUGHT_BESIDE = (
    "anthropic/thinking", "xai/answer", "mistral/thinking", "vllm/reasoned", "ollama/reasoned",
    "litellm/reasoned", "openrouter/reasoned",
)  # fmt: skip


@pytest.mark.parametrize("model", ANSWERED)
def test_the_answer_is_read(server, model):
    reply = ask(server, model)
    assert (reply.text, reply.reasoning, reply.finish_reason) == (TEXT, "", "stop")


@pytest.mark.parametrize("model", THOUGHT_BESIDE)
def test_thinking_is_kept_beside_the_answer(server, model):
    reply = ask(server, model)
    assert (reply.text, reply.reasoning, reply.finish_reason) == (TEXT, THOUGHT, "stop")


@pytest.mark.parametrize(
    "model", ["vllm/only_reasoning", "llamacpp/only_reasoning", "ollama/only_reasoning"]
)
def test_an_answer_within_the_reasoning_is_not_taken_for_one(server, model):
    reply = ask(server, model)
    assert (reply.text, reply.finish_reason) == ("", "stop")
    assert TEXT in reply.reasoning


@pytest.mark.parametrize(
    "model", ["openai/cut_thinking", "anthropic/cut_thinking", "vllm/cut_thinking",
              "gemini/cut_thinking"]
)  # fmt: skip
def test_a_reply_that_was_cut_while_it_thought_is_cut_and_empty(server, model):
    reply = ask(server, model)
    assert (reply.text, reply.finish_reason) == ("", "length")


@pytest.mark.parametrize(
    ("model", "finish"),
    [
        ("openai/refusal", "refusal"),
        ("anthropic/refusal", "refusal"),
        ("azure/filtered", "content_filter"),
        ("gemini/recitation", "content_filter"),
        ("gemini/prohibited", "content_filter"),
        ("gemini/spii", "content_filter"),
    ],
)
def test_what_a_provider_withholds_is_a_refusal(server, model, finish):
    assert ask(server, model).finish_reason == finish


@pytest.mark.parametrize(
    ("model", "code", "retryable"),
    [
        ("deepseek/out_of_resources", "generation_failed", True),
        ("mistral/error", "generation_failed", True),
        ("vllm/abort", "generation_failed", True),
        ("gemini/other", "generation_failed", True),
        ("openrouter/error_without_words", "generation_failed", True),
        ("openrouter/error", "server_error", True),
        ("gemini/malformed_function_call", "malformed_generation", True),
        ("gemini/no_message", "empty_reply", True),
        ("gateway/null_message", "empty_reply", True),
        ("gateway/unknown_and_empty", "empty_reply", True),
        ("vllm/tool_call", "tool_call", False),
        ("anthropic/tool_use", "tool_call", False),
    ],
)
def test_a_generation_that_did_not_happen_is_a_failure(server, model, code, retryable):
    error = fail(server, model)
    assert (error.code, error.retryable, error.scope) == (code, retryable, "sample")
    assert error.action


def test_the_provider_s_reason_is_told(server):
    assert "finish reason insufficient_system_resource" in str(
        fail(server, "deepseek/out_of_resources")
    )


@pytest.mark.parametrize(
    ("model", "served", "fingerprint"),
    [
        ("openai/answer", "gpt-4o-2024-08-06", "fp_50cad350e4"),
        ("llamacpp/answer", "/models/qwen2.5-0.5b-instruct-q4_k_m.gguf", "b6121-e92d53b2"),
        ("anthropic/answer", "anthropic/answer", None),
    ],
)
def test_the_model_that_answered_is_kept(server, model, served, fingerprint):
    reply = ask(server, model)
    assert (reply.model, reply.fingerprint) == (served, fingerprint)
    assert reply.request_id


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (["a", "b"], "ab"),
        ([{"type": "text", "text": "a"}, "b", {"type": "output_text", "text": "c"}], "abc"),
        ({"type": "text", "text": "a"}, "a"),
        ({"parts": [{"text": "a"}, {"text": "b", "thought": True}]}, "a"),
        ({"answer": "ä"}, '{"answer": "ä"}'),
        ({"content": [{"text": "a"}]}, "a"),
        (42, "42"),
        ([], ""),
        ("", ""),
        (None, ""),
        ([{"type": "image_url", "image_url": {"url": "x"}}], ""),
        ([{"type": "refusal", "refusal": "No."}], "No."),
    ],
    ids=json.dumps,
)
def test_content_of_any_shape_is_read(content, text):
    choice = {"message": {"content": content}, "finish_reason": "stop"}
    body = json.dumps({"choices": [choice]}).encode()
    with ModelServer(answer=lambda call: Answer(body=body)) as server:
        assert ask(server, "m").text == text


def test_content_that_is_nested_deeply_is_no_harm():
    content: object = "x"
    for _ in range(500):
        content = [content]
    body = json.dumps(
        {"choices": [{"message": {"content": content}, "finish_reason": "stop"}]}
    ).encode()
    with ModelServer(answer=lambda call: Answer(body=body)) as server:
        assert ask(server, "m").text == ""


@pytest.mark.parametrize(
    ("choice", "text"),
    [
        ({"text": "legacy", "finish_reason": "stop"}, "legacy"),
        ({"message": "bare", "finish_reason": "stop"}, "bare"),
        ({"message": {"content": "kept", "tool_calls": [{}]}, "finish_reason": "tool_calls"},
         "kept"),
    ],
)  # fmt: skip
def test_a_choice_without_a_message_of_its_own_is_read(choice, text):
    body = json.dumps({"choices": [choice]}).encode()
    with ModelServer(answer=lambda call: Answer(body=body)) as server:
        assert ask(server, "m").text == text


def test_every_shape_is_one_that_a_client_understands(server):
    codes = set()
    for model in SHAPES:
        try:
            ask(server, model)
        except ModelCallError as error:
            codes.add(error.code)
    assert not codes & {"bad_reply", "web_page", "connection", "redirect"}


def test_a_shape_answers_any_model_where_it_is_the_script():
    with ModelServer(answer=shaped("vllm/answer", "hello")) as server:
        assert ask(server, "whatever").text == "hello"
