"""A streamed answer is read as the same answer sent at once, whatever its shape."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.engine.clients.anthropic_reply import read_message
from app.engine.clients.anthropic_stream import MessageParts
from app.engine.clients.openai_reply import read_completion
from app.engine.clients.openai_stream import CompletionParts
from app.engine.clients.providers import Kind, make_client
from app.engine.clients.reply_stream import ReplyStream
from app.engine.engine_errors import ModelCallError
from app.engine.types import Generation, ModelReply, ModelRequest, Sample, TokenUsage
from app.net.guard import EgressPolicy
from tests.fakes import streams
from tests.fakes.model_server import Answer, ModelServer
from tests.fakes.provider_shapes import SHAPES, THOUGHT, ProviderServer

TEXT = "ANSWER: B"
KEY = "sk-canary-0123456789abcdef"


@pytest.fixture(scope="module")
def providers() -> Iterator[ModelServer]:
    with ProviderServer(text=TEXT) as running:
        yield running


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


def ask(server: ModelServer, model: str = "m", **options: Any) -> ModelReply | ModelCallError:
    """Return what a call comes to; by default it asks for a stream."""
    kind: Kind = "anthropic" if model.startswith("anthropic/") else "openai_compatible"
    client = make_client(
        kind, server.base_url, KEY, model, policy=EgressPolicy(allow_private=True), provider="Acme",
        **{"stream": True, **options},
    )  # fmt: skip
    sample = Sample("q7", ({"role": "user", "content": "hi"},), target="B")
    try:
        return client.complete(ModelRequest(sample, 1, Generation(), 60.0), Event())
    except ModelCallError as error:
        return error
    finally:
        client.close()


def view(found: ModelReply | ModelCallError) -> Any:
    if isinstance(found, ModelCallError):
        return found.code, found.message, found.retryable, found.scope, found.action
    return replace(found, speed=None)


@pytest.mark.parametrize("model", sorted(SHAPES))
def test_every_shape_is_read_as_if_it_had_been_sent_at_once(
    providers: ModelServer, model: str
) -> None:
    at_once = view(ask(providers, model, stream=False))
    before = len(providers.requests)
    assert view(ask(providers, model)) == at_once
    assert providers.requests[before].payload["stream"] is True


def reply_to(server: ModelServer, *events: bytes, model: str = "m", how: str = "send") -> Any:
    server.behaviour.answer = lambda call: Answer(events=events, how=how)
    return ask(server, model)


CHUNK = streams.chunk({"content": "ANSWER: "})
FINISH = streams.chunk({"content": "B"}, "stop")
OTHER_CHOICE = CHUNK.replace(b'"index": 0', b'"index": 1').replace(b"ANSWER: ", b"Or C. ")


@pytest.mark.parametrize(
    "events",
    [
        (b": OPENROUTER PROCESSING\n\n", CHUNK, b": ping\n\n", FINISH, streams.DONE),
        (CHUNK, FINISH),  # no [DONE]
        (CHUNK, streams.chunk({"content": "B"}), streams.DONE),  # no finish reason
        (CHUNK, FINISH, b"data: [DONE]"),  # no empty line after it
        (b"".join((CHUNK, FINISH, streams.DONE)).replace(b"\n", b"\r\n"),),
        (CHUNK.replace(b"data: ", b"data:"), FINISH, b"data:[DONE]\n\n"),
        (CHUNK[:-1], FINISH[:-1], streams.DONE),  # one end of a line between events
        (CHUNK.replace(b', "', b',\ndata: "'), FINISH, streams.DONE),  # data of many lines
        (b"data: null\n\n", b'data: "ping"\n\n', b"data: 7\n\n", CHUNK, FINISH, streams.DONE),
        (CHUNK, FINISH, streams.DONE, b"data: what follows is not read\n\n"),
        (*(bytes([byte]) for byte in CHUNK + FINISH + streams.DONE),),
        (b"\xef\xbb\xbf \n", CHUNK, FINISH, streams.DONE),
        (CHUNK, FINISH, b"data: [DONE] \n\n"),
        (CHUNK, FINISH, b"data: goodbye\n\n"),
        tuple(b"data: " + event for event in (CHUNK, FINISH, streams.DONE)),
        (CHUNK, OTHER_CHOICE, FINISH, OTHER_CHOICE, streams.DONE),
    ],
    ids=["comments", "no_done", "no_finish", "no_last_line", "crlf", "no_blank", "one_newline",
         "many_lines", "other_json", "more_after_done", "byte_by_byte", "bom", "blank_after_done",
         "other_farewell", "events_of_lines", "two_choices"],
)  # fmt: skip
def test_streams_that_are_sent_oddly_are_read(server: ModelServer, events: Any) -> None:
    reply = reply_to(server, *events)
    assert isinstance(reply, ModelReply), reply
    assert (reply.text, reply.model, reply.fingerprint) == (TEXT, "fake-large", "fp_fake")
    assert reply.usage == TokenUsage()  # nobody counted: unknown, not nothing


def test_a_whole_message_at_the_end_is_not_read_twice(server: ModelServer) -> None:
    whole = {"index": 0, "message": {"content": TEXT}, "finish_reason": "stop"}
    last = streams.event({"object": "chat.completion", "choices": [whole]})
    assert reply_to(server, CHUNK, streams.chunk({"content": "B"}), last).text == TEXT


def test_texts_of_a_completion_api_are_read(server: ModelServer) -> None:
    parts = [{"text": "ANSWER"}, {"text": ": B", "finish_reason": "stop"}]
    assert reply_to(server, *(streams.event({"choices": [part]}) for part in parts)).text == TEXT


def test_tokens_are_read_wherever_a_stream_counts_them(server: ModelServer) -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
    running = streams.chunk({"content": "a"}, usage=usage | {"completion_tokens": 1})
    for last in (
        streams.chunk(None, usage=usage),
        streams.chunk({}, "stop", usage=usage),
        streams.chunk({}, "stop", x_groq={"usage": usage}),
    ):
        reply = reply_to(server, running.replace(b'"total', b'"t'), last, streams.DONE)
        assert (reply.usage.input_tokens, reply.usage.output_tokens) == (5, 3)


def test_anthropic_counts_in_two_events(server: ModelServer) -> None:
    events = streams.message(TEXT, usage=(20, 10), thought=THOUGHT)
    reply = reply_to(server, *events, model="anthropic/m")
    assert (reply.text, reply.reasoning) == (TEXT, THOUGHT)
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (20, 10)
    assert reply.usage.cached_input_tokens == 0
    assert reply.request_id == "req-fake"


OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
LONG = "This model's maximum context length is 8192 tokens. However, you requested 9001 tokens."


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([streams.event({"error": {"message": "Provider down", "code": 502}})], "server_error"),
        ([streams.event({"error": {"message": "slow", "code": 429}})], "rate_limit"),
        ([streams.event({"error": "model runner stopped"})], "server_error"),
        ([streams.event({"object": "error", "message": LONG, "code": 400})], "context_length"),
        ([streams.event({"message": LONG, "code": 400}, "error")], "context_length"),
        ([b"event: error\ndata: out of order\n\n"], "server_error"),
        ([b'error: {"code": 503, "message": "Loading model"}\n\n'], "overloaded"),
        ([streams.event([{"error": {"code": 429, "message": "Slow down"}}])], "rate_limit"),
        (
            [streams.event({"choices": [{"delta": {}, "error": {"message": "x", "code": 502}}]})],
            "server_error",
        ),
        ([streams.event({"error": {"message": "x"}, "choices": [{"finish_reason": "error"}]})],
         "server_error"),
        ([streams.chunk({}, "error"), streams.DONE], "generation_failed"),
        ([streams.chunk({"tool_calls": [{"index": 0, "function": {"name": "f"}}]}, "tool_calls")],
         "answer"),
        ([b"data: {not json}\n\n"], "bad_reply"),
    ],
    ids=["openrouter", "code_429", "ollama", "vllm_flat", "named_flat", "named_text", "llamacpp",
         "gemini_list", "in_choice", "beside_choice", "finish_error", "tool_call", "no_json"],
)  # fmt: skip
def test_an_error_within_a_stream_is_that_error(
    server: ModelServer, events: list[bytes], code: str
) -> None:
    found = reply_to(server, CHUNK, *events)
    if code == "answer":  # it said something besides
        assert found.text == "ANSWER: "
        found = reply_to(server, *events)
        code = "tool_call"
    assert isinstance(found, ModelCallError), found
    assert found.code == code


def test_an_error_of_anthropic_within_a_stream_is_that_error(server: ModelServer) -> None:
    events = [*streams.message("a")[:4], streams.event(OVERLOADED, "error")]
    found = reply_to(server, *events, model="anthropic/m")
    assert (found.code, found.retryable) == ("overloaded", True)


@pytest.mark.parametrize("model", ["m", "anthropic/m"])
@pytest.mark.parametrize("how", ["send", "cut"])
def test_a_stream_that_ends_in_the_middle_is_no_answer(
    server: ModelServer, model: str, how: str
) -> None:
    whole = streams.message(TEXT) if model != "m" else streams.completion(TEXT)
    found = reply_to(server, *whole[:4], model=model, how=how)
    assert isinstance(found, ModelCallError), found
    assert (found.code, found.retryable) == ("connection", True)
    cut = whole[4][: len(whole[4]) // 2]  # within an event
    assert reply_to(server, *whole[:4], cut, model=model, how=how).code == "connection"


@pytest.mark.parametrize("model", ["m", "anthropic/m"])
def test_a_connection_lost_after_the_answer_costs_no_second_one(
    server: ModelServer, model: str
) -> None:
    whole = streams.message(TEXT) if model != "m" else streams.completion(TEXT)
    reply = reply_to(server, *whole[:-1], model=model, how="cut")
    assert isinstance(reply, ModelReply), reply
    assert (reply.text, reply.finish_reason) == (TEXT, "stop")


def test_a_reason_to_finish_in_every_chunk_says_nothing(server: ModelServer) -> None:
    chunks = [streams.chunk({"content": piece}, "stop") for piece in ("ANSWER", ": ", "B")]
    assert reply_to(server, *chunks).text == TEXT
    assert reply_to(server, *chunks, how="cut").code == "connection"


def test_anthropic_counts_are_not_undone(server: ModelServer) -> None:
    *events, end, stop = streams.message(TEXT, usage=(20, 10))
    zero = end.replace(b'{"output_tokens"', b'{"input_tokens": 0, "output_tokens"')
    usage = reply_to(server, *events, zero, stop, model="anthropic/m").usage
    assert (usage.input_tokens, usage.output_tokens) == (20, 10)
    uncounted = streams.event({"type": "message_delta", "delta": {"stop_reason": "end_turn"}})
    usage = reply_to(server, *events, uncounted, stop, model="anthropic/m").usage
    assert (usage.input_tokens, usage.output_tokens) == (20, None)  # not the 1 of the start


def test_a_stream_may_be_as_long_as_what_is_sent_at_once(server: ModelServer) -> None:
    text = "four " * 14_000
    server.behaviour.answer = text
    for stream in (True, False):
        reply = ask(server, stream=stream, max_bytes=80_000)
        assert isinstance(reply, ModelReply), reply
        assert reply.text == text


def test_an_empty_stream_and_one_without_an_answer_are_told(server: ModelServer) -> None:
    assert reply_to(server).code == "bad_reply"
    assert reply_to(server, streams.DONE).code == "empty_reply"
    assert reply_to(server, b": ping\n\n").code == "connection"


def test_the_key_is_masked_where_the_stream_cuts_it(server: ModelServer) -> None:
    pieces = [streams.chunk({"content": KEY[at : at + 5]}) for at in range(0, len(KEY), 5)]
    assert reply_to(server, *pieces, FINISH, streams.DONE).text == "[redacted]B"


def test_lone_halves_of_characters_are_replaced(server: ModelServer) -> None:
    reply = reply_to(server, b'data: {"choices":[{"delta":{"content":"\\ud83d"}}]}\n\n', FINISH)
    assert reply.text == "?B"


@pytest.mark.parametrize("streaming", ["never", "always"])
@pytest.mark.parametrize("model", ["m", "anthropic/m"])
def test_a_server_that_answers_the_other_way_is_understood(
    server: ModelServer, streaming: Any, model: str
) -> None:
    if streaming == "never":  # and does not even refuse
        body = {"choices": [{"message": {"content": TEXT}, "finish_reason": "stop"}]}
        if model != "m":
            body = {"content": [{"type": "text", "text": TEXT}], "stop_reason": "end_turn"}  # type: ignore[dict-item]
        server.behaviour.answer = lambda call: Answer(
            body=json.dumps(body).encode(), headers=(("x-at", "once"),)
        )
        reply = ask(server, model)
    else:
        server.behaviour.streaming = "always"
        server.behaviour.answer = TEXT
        reply = ask(server, model, stream=False)
        assert "stream" not in server.requests[0].payload
    assert isinstance(reply, ModelReply), reply
    assert (reply.text, reply.speed) == (TEXT, None)


def test_a_refusal_that_comes_as_a_stream_is_read(server: ModelServer) -> None:
    body = streams.event({"error": {"message": LONG, "code": "context_length_exceeded"}})
    server.behaviour.answer = lambda call: Answer(status=400, body=body)
    found = ask(server)
    assert isinstance(found, ModelCallError)
    assert found.code == "context_length"
    server.behaviour.answer = lambda call: Answer(status=429, body=b": ping\n\n")
    found = ask(server)
    assert isinstance(found, ModelCallError)
    assert found.code == "rate_limit"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["choices", "delta", "content", "message", "type", "usage", "text", "index",
                         "finish_reason", "content_block", "reasoning", "tool_calls", "id"]),
        inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(st.lists(JSON, max_size=4), st.sampled_from([CompletionParts, MessageParts]))
def test_json_of_any_shape_makes_a_body(values: list[Any], parts: Any) -> None:
    stream = ReplyStream(parts())
    for value in values:
        stream.feed(streams.event(value))
    json.loads(stream.body() or b"{}")
    assert stream.held >= 0


PIECES = (
    "a",
    " b",
    'say "yes"',
    "back\\slash",
    "é",
    "\n",
    "🙂",
    "}",
    '","finish_reason":"stop',
    "z",
)


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("blank", [True, False])
@settings(max_examples=25, deadline=None)
@given(pieces=st.lists(st.tuples(st.sampled_from(PIECES), st.booleans()), max_size=12))
def test_events_alike_are_read_as_json_reads_them(
    ascii_only: bool, blank: bool, pieces: list[tuple[str, bool]]
) -> None:
    """Most events are read by comparison with the one before, whatever their text holds."""

    def made(event: bytes) -> bytes:
        body = json.loads(event.partition(b"data: ")[2])
        separators = None if blank else (",", ":")
        text = json.dumps(body, ensure_ascii=ascii_only, separators=separators)
        return f"data: {text}\n\n".encode()

    chat, message = ReplyStream(CompletionParts()), ReplyStream(MessageParts())
    for piece, is_thought in pieces:
        name = "reasoning_content" if is_thought else "content"
        chat.feed(made(streams.chunk({name: piece})))
        kind = "thinking" if is_thought else "text"
        delta = {"type": f"{kind}_delta", kind: piece}
        body = {"type": "content_block_delta", "index": int(is_thought), "delta": delta}
        message.feed(made(streams.event(body)))
    chat.feed(streams.chunk({}, "stop"))
    message.feed(streams.event({"type": "message_stop"}))
    said = "".join(piece for piece, is_thought in pieces if not is_thought)
    thought = "".join(piece for piece, is_thought in pieces if is_thought)
    reply = read_completion(json.loads(chat.body()))
    assert reply is not None
    assert (reply.text, reply.reasoning) == (said, thought)
    reply = read_message({**json.loads(message.body()), "stop_reason": "end_turn"})
    assert reply is not None
    assert (reply.text, reply.reasoning) == (said, thought)
