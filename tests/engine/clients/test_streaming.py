"""When answers are streamed, and how fast they came."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import pytest

from app.engine.clients.http_model import HttpModelClient
from app.engine.clients.providers import Kind, make_client
from app.engine.clients.refusals import find_change
from app.engine.clients.request_changes import Change, read_changes
from app.engine.engine_errors import ModelCallError
from app.engine.types import Generation, ModelRequest, Sample
from app.net.guard import EgressPolicy
from tests.fakes import streams
from tests.fakes.model_server import Answer, Call, ModelServer

TEXT = "one two three four five"
Connect = Callable[..., HttpModelClient]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(answer=TEXT) as running:
        yield running


@pytest.fixture
def connect(server: ModelServer) -> Iterator[Connect]:
    made: list[HttpModelClient] = []

    def open_client(kind: Kind = "openai_compatible", **options: Any) -> HttpModelClient:
        policy = EgressPolicy(allow_private=True)
        made.append(
            make_client(kind, server.base_url, None, "m", policy=policy, provider="Acme", **options)
        )
        return made[-1]

    yield open_client
    for client in made:
        client.close()


def request(timeout_s: float = 60.0, **generation: Any) -> ModelRequest:
    sample = Sample("q7", ({"role": "user", "content": "hi"},), target="A")
    return ModelRequest(sample, 1, Generation(**generation), timeout_s)


# When


@pytest.mark.parametrize("kind", ["openai_compatible", "anthropic"])
def test_nothing_is_streamed_by_itself(server: ModelServer, connect: Connect, kind: Kind) -> None:
    for options in ({}, {"stream": "auto"}, {"stream": False}):
        reply = connect(kind, **options).complete(request(), Event())
        assert (reply.text, reply.speed) == (TEXT, None)
        assert "stream" not in server.requests[-1].payload
        assert server.requests[-1].headers["accept-encoding"] == "gzip"


def test_a_stream_is_asked_for_with_its_tokens(server: ModelServer, connect: Connect) -> None:
    reply = connect(stream=True).complete(request(), Event())
    assert (reply.text, reply.usage.output_tokens) == (TEXT, 5)
    assert server.requests[0].payload["stream"] is True
    assert server.requests[0].payload["stream_options"] == {"include_usage": True}
    reply = connect("anthropic", stream=True).complete(request(), Event())
    assert (reply.text, reply.usage.output_tokens) == (TEXT, 5)
    assert "stream_options" not in server.requests[1].payload


@pytest.mark.parametrize("kind", ["openai_compatible", "anthropic"])
def test_a_server_that_only_streams_is_streamed_from_then_on(
    server: ModelServer, connect: Connect, kind: Kind
) -> None:
    server.behaviour.streaming = "only"
    client = connect(kind)
    for _ in range(3):
        assert client.complete(request(temperature=0.5), Event()).text == TEXT
    assert ["stream" in call.payload for call in server.requests] == [False, True, True, True]
    (notice,) = client.notices
    assert notice.code == "streaming_changed"
    assert notice.message == (
        "The model m answers as a stream only: its answers are streamed. "
        "The provider says: Stream must be set to true"
    )
    # An attempt after this one knows it from the start.
    assert notice.change is not None
    later = connect(kind)
    later.changes.remember(read_changes([notice.change.stored()]))
    assert later.complete(request(), Event()).text == TEXT
    assert server.calls == 5
    assert later.notices == []


def test_calls_side_by_side_all_learn_it(server: ModelServer, connect: Connect) -> None:
    server.behaviour.streaming = "only"
    server.behaviour.latency_s = 0.05
    client, texts = connect(max_connections=8), []
    threads = [
        threading.Thread(target=lambda: texts.append(client.complete(request(), Event()).text))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == [TEXT] * 8
    assert len(client.notices) == 1


def test_a_server_that_streams_unasked_is_read_as_it_streams_from_then_on(
    server: ModelServer, connect: Connect
) -> None:
    server.behaviour.streaming = "always"
    client = connect()
    speeds = [client.complete(request(), Event()).speed for _ in range(2)]
    assert [speed is None for speed in speeds] == [True, False]
    assert ["stream" in call.payload for call in server.requests] == [False, True]
    assert [notice.message for notice in client.notices] == [
        "The model m answers as a stream only: its answers are streamed."
    ]
    events_of(server, streams.event({"error": "busy"}))
    failing = connect()
    with pytest.raises(ModelCallError):
        failing.complete(request(), Event())
    assert failing.notices == []


def test_who_wants_no_stream_gets_none_but_a_remedy(server: ModelServer, connect: Connect) -> None:
    server.behaviour.streaming = "only"
    with pytest.raises(ModelCallError) as caught:
        connect(stream=False).complete(request(), Event())
    assert caught.value.code == "bad_request"
    assert caught.value.action == "This server only streams: set streaming to automatic."
    assert server.calls == 1


def test_a_server_that_does_not_stream_answers_at_once(
    server: ModelServer, connect: Connect
) -> None:
    server.behaviour.streaming = "never"
    client = connect(stream=True)
    for _ in range(2):
        reply = client.complete(request(), Event())
        assert (reply.text, reply.speed) == (TEXT, None)
    assert ["stream" in call.payload for call in server.requests] == [True, False, False]
    assert "stream_options" not in server.requests[1].payload
    assert [notice.message.partition(" The provider")[0] for notice in client.notices] == [
        "The model m does not stream: its answers come at once, and their speed is not measured."
    ]


def test_a_server_that_answers_at_once_all_the_same_is_told_of(
    server: ModelServer, connect: Connect
) -> None:
    body = b'{"choices": [{"message": {"content": "B"}, "finish_reason": "stop"}]}'
    server.behaviour.answer = lambda call: Answer(body=body, headers=(("x-at", "once"),))
    client = connect(stream=True)
    for _ in range(2):
        assert client.complete(request(), Event()).speed is None
    assert [notice.message for notice in client.notices] == [
        "Answers came at once although streams were asked for: their speed is not measured."
    ]


def test_a_server_that_refuses_both_ways_is_asked_three_times(
    server: ModelServer, connect: Connect
) -> None:
    def refuse(call: Call) -> Answer:
        said = b"Streaming is not supported" if call.streams else b"Stream must be set to true"
        return Answer(status=400, body=b'{"error": {"message": "%s"}}' % said)

    server.behaviour.answer = refuse
    with pytest.raises(ModelCallError, match="did not accept"):
        connect().complete(request(), Event())
    assert server.calls == 3


@pytest.mark.parametrize(
    "detail",
    [
        {"error": {"message": "Unrecognized request argument supplied: stream_options"}},
        {"error": {"message": "Extra inputs are not permitted", "param": "stream_options"}},
        {"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]},
        {"error": {"message": "stream_options is not supported when streaming with this model."}},
    ],
)
def test_the_count_of_tokens_is_left_out_where_it_is_refused(
    server: ModelServer, connect: Connect, detail: dict[str, Any]
) -> None:
    import json

    def answer(call: Call) -> Answer:
        if "stream_options" in call.payload:
            return Answer(status=400, body=json.dumps(detail).encode())
        return Answer(text=TEXT)

    server.behaviour.answer = answer
    client = connect(stream=True)
    reply = client.complete(request(temperature=0.0), Event())
    assert (reply.text, reply.usage.is_known) == (TEXT, False)
    assert reply.speed is not None
    assert reply.speed.output_tokens_per_s is None
    assert server.requests[-1].payload["stream"] is True
    assert server.requests[-1].payload["temperature"] == 0.0
    assert len(client.notices) == 1


ASKED_AT_ONCE = {"model": "m", "messages": [], "temperature": 0.0, "max_tokens": 9000}
ASKED_TO_STREAM = {**ASKED_AT_ONCE, "stream": True, "stream_options": {"include_usage": True}}
STREAMS_ONLY = (
    "Stream must be set to true",
    "stream must be true",
    "This model only support stream mode, please enable the stream parameter to access the model. ",
    "parameter.enable_thinking must be set to false for non-streaming calls",
    "Non-streaming is not supported",
    "Only streaming is supported for this model.",
    "only streaming requests are supported",
    "This endpoint only supports streaming responses",
    "Requests with max_tokens > 5000 must have stream=true",
    "Streaming is required for this model",
    "This model requires streaming. Set `stream: true`.",
    "stream=False is not supported",
    '"stream": false is not allowed',
    "The model is streaming-only.",
    "Non-stream requests are disabled",
    "`stream` has to be set to `true` for this model",
)
NO_STREAM = (
    "Streaming is not supported by this model.",
    "Unsupported value: 'stream' does not support true with this model. Only the default (false) "
    "value is supported.",
    "Your organization must be verified to stream this model. Please go to: https://example.org",
    "This deployment does not support streaming",
    "streaming is disabled on this server",
    "stream=True is not allowed",
)
OTHER = (
    "temperature is not supported with this model",
    "max_tokens is too large: 9000. This model supports at most 4096 completion tokens",
    "The request stream ended unexpectedly",
    "Upstream error from provider: invalid model",
    "This model's maximum context length is 8192 tokens.",
)


@pytest.mark.parametrize("said", STREAMS_ONLY)
@pytest.mark.parametrize("status", [400, 422, 501])
def test_words_that_demand_a_stream(said: str, status: int) -> None:
    assert find_change(said, (), status, ASKED_AT_ONCE) == Change("stream", "stream", True)


@pytest.mark.parametrize("said", NO_STREAM)
def test_words_that_refuse_a_stream(said: str) -> None:
    for status in (400, 501):
        assert find_change(said, (), status, ASKED_TO_STREAM) == Change("stream", "stream", False)


@pytest.mark.parametrize("said", OTHER)
def test_words_that_say_nothing_of_a_stream(said: str) -> None:
    for sent in (ASKED_AT_ONCE, ASKED_TO_STREAM):
        change = find_change(said, (), 400, sent)
        assert change is None or change.kind != "stream"


def test_a_parameter_that_is_named_says_enough() -> None:
    wants = Change("stream", "stream", True)
    assert find_change("Field required", ("body.stream",), 422, ASKED_AT_ONCE) == wants
    refused = find_change("unsupported_value", ("stream",), 400, ASKED_TO_STREAM)
    assert refused == Change("stream", "stream", False)


@pytest.mark.parametrize("status", [None, 401, 403, 429])
def test_what_has_another_cause_changes_no_way(status: int | None) -> None:
    assert find_change("Stream must be set to true", (), status, ASKED_AT_ONCE) is None


# How fast


def events_of(server: ModelServer, *events: bytes, pause_s: float = 0.0) -> None:
    server.behaviour.answer = lambda call: Answer(events=events, pause_s=pause_s)


def test_time_to_first_token_and_rate_are_measured(server: ModelServer, connect: Connect) -> None:
    server.behaviour.latency_s, server.behaviour.pause_s = 0.5, 0.2
    speed = connect(stream=True).complete(request(), Event()).speed
    assert speed is not None
    assert speed.first_token_s >= 0.5
    # Five tokens of which four come after the first, 0.2 s apart; a busy machine reads them later.
    assert speed.output_tokens_per_s is not None
    assert 0.1 < speed.output_tokens_per_s < 20


def test_the_first_token_may_be_one_of_thinking(server: ModelServer, connect: Connect) -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 21,
             "completion_tokens_details": {"reasoning_tokens": 16}}  # fmt: skip
    whole = streams.completion("B", thought="first I think", usage=usage)
    events_of(server, *whole, pause_s=0.3)
    speed = connect(stream=True).complete(request(), Event()).speed
    assert speed is not None
    # Three pieces of thinking, then the answer in one: without thinking there would be no rate.
    assert speed.output_tokens_per_s is not None
    assert speed.output_tokens_per_s < 100


def test_thinking_that_is_not_streamed_does_not_count(
    server: ModelServer, connect: Connect
) -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 1003,
             "completion_tokens_details": {"reasoning_tokens": 1000}}  # fmt: skip
    events_of(server, *streams.completion("one two three", usage=usage), pause_s=0.3)
    speed = connect(stream=True).complete(request(), Event()).speed
    assert speed is not None
    assert speed.output_tokens_per_s is not None
    assert speed.output_tokens_per_s < 40  # two tokens in 0.6 s, and not 1,002


def test_what_comes_at_once_has_no_rate(server: ModelServer, connect: Connect) -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 500}
    events_of(server, b"".join(streams.completion(TEXT, usage=usage)))
    reply = connect(stream=True).complete(request(), Event())
    assert (reply.text, reply.usage.output_tokens) == (TEXT, 500)
    assert reply.speed is not None
    assert reply.speed.output_tokens_per_s is None


def test_thinking_that_is_hidden_and_not_counted_leaves_no_rate(
    server: ModelServer, connect: Connect
) -> None:
    events = streams.message("one two three", usage=(9, 1003), thought="hm")
    hidden = [event for event in events if b"thinking_delta" not in event]
    events_of(server, *hidden, pause_s=0.05)
    speed = connect("anthropic", stream=True).complete(request(), Event()).speed
    assert speed is not None
    assert speed.output_tokens_per_s is None  # 1,000 of these tokens came before the first text


def test_events_that_can_only_be_told_apart_at_the_end_have_no_speed(
    server: ModelServer, connect: Connect
) -> None:
    events_of(server, *(event[:-1] for event in streams.completion(TEXT)))
    reply = connect(stream=True).complete(request(), Event())
    assert (reply.text, reply.speed) == (TEXT, None)


def test_an_answer_without_a_word_has_no_speed(server: ModelServer, connect: Connect) -> None:
    events_of(server, *streams.completion("", "length"))
    assert connect(stream=True).complete(request(), Event()).speed is None
