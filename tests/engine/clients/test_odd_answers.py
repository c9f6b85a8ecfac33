"""What a server may send where a number, a text or an end belongs."""

from __future__ import annotations

import json
from threading import Event

import pytest

from app.engine.clients.providers import Kind, make_client
from app.engine.engine_errors import ModelCallError
from app.engine.types import Generation, ModelRequest, Sample, TokenUsage
from app.net.guard import EgressPolicy
from tests.fakes.model_server import Answer, ModelServer

DEEP = b"[" * 100_000
CHOICE = {"message": {"role": "assistant", "content": "ANSWER: A"}, "finish_reason": "stop"}
BLOCK = {"type": "text", "text": "ANSWER: A"}


def ask(answer: Answer, kind: Kind = "openai"):
    sample = Sample("q7", ({"role": "user", "content": "hi"},), target="A")
    with ModelServer(answer=lambda call: answer) as server:
        client = make_client(
            kind, server.base_url, None, "m", policy=EgressPolicy(allow_private=True)
        )
        try:
            return client.complete(ModelRequest(sample, 1, Generation(), 3.0), Event())
        finally:
            client.close()


def fail(answer: Answer) -> ModelCallError:
    with pytest.raises(ModelCallError) as caught:
        ask(answer)
    return caught.value


def as_json(value: object, status: int = 200) -> Answer:
    return Answer(status=status, body=json.dumps(value).encode())


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, DEEP, "bad_reply"),
        (200, b'{"choices":' + DEEP, "bad_reply"),
        (500, b'{"error":' + DEEP, "server_error"),
        (400, b'{"error":' * 50_000, "bad_request"),
    ],
    ids=["list", "choices", "error", "objects"],
)
def test_json_that_is_nested_without_end_is_one_bad_answer(status, body, code):
    assert fail(Answer(status=status, body=body)).code == code


@pytest.mark.parametrize(
    ("counted", "kept"),
    [
        (12, 12),
        (12.0, 12),
        ("12", None),
        (-5, None),
        (True, None),
        ([1], None),
        (10**30, None),
        (3_000_000_000, None),
        (float("nan"), None),
        (float("inf"), None),
    ],
    ids=str,
)
def test_only_credible_numbers_of_tokens_are_taken(counted, kept):
    usage = {"prompt_tokens": counted, "completion_tokens": counted}
    reply = ask(as_json({"choices": [CHOICE], "usage": usage}))
    assert (reply.text, reply.usage) == ("ANSWER: A", TokenUsage(kept, kept))
    usage = {"input_tokens": counted, "output_tokens": counted}
    body = {"content": [BLOCK], "stop_reason": "end_turn", "usage": usage}
    reply = ask(as_json(body), "anthropic")
    assert (reply.text, reply.usage) == ("ANSWER: A", TokenUsage(kept, kept))


@pytest.mark.parametrize("usage", ["many", [1, 2], 7], ids=["text", "list", "number"])
def test_an_answer_counts_whatever_stands_for_its_usage(usage):
    assert ask(as_json({"choices": [CHOICE], "usage": usage})).usage.input_tokens is None
    body = {"content": [BLOCK], "stop_reason": "end_turn", "usage": usage}
    assert ask(as_json(body), "anthropic").usage.output_tokens is None


def test_half_a_surrogate_pair_becomes_a_question_mark():
    body = rb'{"choices":[{"message":{"content":"a\ud800b"},"finish_reason":"stop"}]}'
    assert ask(Answer(body=body)).text == "a?b"
    error = fail(Answer(status=400, body=rb'{"error":{"message":"a\ud800b\u0000c"}}'))
    assert "a?b c" in error.message


def test_an_id_that_is_no_text_is_left_out():
    answer = as_json({"id": {"a": 1}, "choices": [CHOICE]})
    assert ask(answer).request_id == "req-fake"  # the header's
    assert fail(as_json({"id": "x", "choices": []})).code == "empty_reply"


@pytest.mark.parametrize("violations", [None, 5, "x"], ids=str)
def test_details_of_another_shape_are_no_obstacle(violations):
    details = [{"violations": violations}]
    error = fail(as_json({"error": {"message": "No.", "details": details}}, 400))
    assert (error.code, "No." in error.message) == ("bad_request", True)


def test_an_error_without_words_is_told_by_its_status():
    error = fail(as_json({"error": {"message": None, "code": None}}, 400))
    assert error.message.endswith("did not accept the request: status 400 (request req-fake)")


@pytest.mark.parametrize(
    ("error", "code", "scope"),
    [
        ({"code": "insufficient_quota", "message": "No."}, "quota", "pause"),
        ({"message": "You exceeded your current quota."}, "quota", "pause"),
        ({"code": "invalid_api_key", "message": "No."}, "auth", "fail"),
        ({"code": "context_length_exceeded", "message": "No."}, "context_length", "sample"),
        ({"code": "content_filter", "message": "No."}, "content_filter", "sample"),
        ({"code": "model_not_found", "message": "No."}, "unknown_model", "fail"),
        ({"type": "rate_limit_error", "message": "No."}, "rate_limit", "sample"),
        ({"message": "Something else."}, "server_error", "sample"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_an_error_in_a_200_that_names_no_status_is_told_by_its_words(error, code, scope):
    found = fail(as_json({"error": error}))
    assert (found.code, found.scope) == (code, scope)


@pytest.mark.parametrize("error", ["boom", {"message": "boom"}], ids=["text", "object"])
def test_a_choice_that_failed_is_never_an_answer(error):
    choice = {"message": {"content": ""}, "finish_reason": "error", "error": error}
    found = fail(as_json({"choices": [choice]}))
    assert (found.code, "boom" in found.message) == ("server_error", True)


def test_a_choice_whose_error_is_null_is_an_answer():
    assert ask(as_json({"choices": [{**CHOICE, "error": None}]})).text == "ANSWER: A"


def test_a_long_text_is_not_searched_to_its_end():
    error = fail(as_json({"error": {"message": "usage limit " * 400_000}}, 400))
    assert error.code == "bad_request"


@pytest.mark.parametrize("id_", [5, None, {"a": 1}, "", "a\x00b", "x" * 500], ids=repr)
def test_only_ids_that_a_run_can_name_are_listed(id_):
    with ModelServer(models=("fine", id_)) as server:
        client = make_client(
            "openai", server.base_url, None, "", policy=EgressPolicy(allow_private=True)
        )
        assert client.list_models().ids == ("fine",)
        client.close()


def test_half_a_surrogate_pair_is_no_part_of_an_id():
    with ModelServer(models=("fine", "a\ud800b")) as server:
        client = make_client(
            "openai", server.base_url, None, "", policy=EgressPolicy(allow_private=True)
        )
        assert client.list_models().ids == ("fine",)
        client.close()
