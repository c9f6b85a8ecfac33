"""The clients against a real server that answers and fails as providers do."""

from __future__ import annotations

import json
import logging
import pickle
import socket
import threading
import time
import traceback
from threading import Event
from typing import Any

import pytest

from app.engine.clients.providers import PROVIDERS, make_client
from app.engine.engine_errors import ModelCallError
from app.engine.run.plan import RunPlan
from app.engine.run.runner import run_benchmark
from app.engine.types import Generation, Message, ModelRequest, Outcome, Sample, Verdict
from app.net.call_errors import Canceled
from app.net.guard import EgressPolicy
from app.net.retry import RetryPolicy
from tests.fakes.model_server import FAULTS, Answer, ModelServer

KEY = "sk-canary-0123456789abcdef"
LOCAL = EgressPolicy(allow_private=True)


@pytest.fixture
def server():
    with ModelServer(api_key=KEY) as running:
        yield running


@pytest.fixture
def connect(server):
    made = []

    def open_client(kind="openai", model="m", key=KEY, **options):
        client = make_client(kind, server.base_url, key, model, policy=LOCAL,
                             provider="Acme", **options)  # fmt: skip
        made.append(client)
        return client

    yield open_client
    for client in made:
        client.close()


def request(text="hi", timeout_s=60.0, system=None, **generation):
    messages: list[Message] = [{"role": "user", "content": text}]
    if system:
        messages.insert(0, {"role": "system", "content": system})
    sample = Sample("q7", tuple(messages), target="A")
    return ModelRequest(sample, 1, Generation(**generation), timeout_s)


# OpenAI's shape


def test_openai_sends_only_the_parameters_that_are_set(server, connect):
    connect().complete(request("Frage ä"), Event())
    assert server.requests[0].payload == {
        "model": "m",
        "messages": [{"role": "user", "content": "Frage ä"}],
    }
    connect().complete(
        request(temperature=0.0, top_p=0.5, max_tokens=9, seed=0, stop=("\n\n",)), Event()
    )
    sent = server.requests[1].payload
    assert (sent["temperature"], sent["top_p"], sent["max_tokens"]) == (0.0, 0.5, 9)
    assert (sent["seed"], sent["stop"]) == (0, ["\n\n"])
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_openai_s_answer_is_read(connect, server):
    server.behaviour.answer = "ANSWER: B"
    reply = connect().complete(request(), Event())
    assert (reply.text, reply.finish_reason) == ("ANSWER: B", "stop")
    assert reply.usage.input_tokens > 0
    assert reply.usage.output_tokens > 0
    assert reply.request_id == "req-fake"


def raw(**changes):
    choice = {"message": {"content": "hi"}, "finish_reason": "stop"} | changes
    return Answer(body=json.dumps({"id": "c1", "choices": [choice]}).encode())


@pytest.mark.parametrize(
    ("answer", "text", "finish"),
    [
        (raw(finish_reason="length"), "hi", "length"),
        (raw(finish_reason="content_filter"), "hi", "content_filter"),
        (raw(finish_reason=None), "hi", "unknown"),
        (raw(finish_reason="MAX_TOKENS"), "hi", "length"),
        (raw(message={"content": None}), "", "stop"),
        (raw(message={"content": None, "refusal": "I cannot."}), "I cannot.", "refusal"),
        (raw(message={"content": [{"type": "text", "text": "a"}, {"text": "b"}]}), "ab", "stop"),
        (Answer(body=b'{"promptFeedback": {"blockReason": "SAFETY"}}'), "", "content_filter"),
    ],
)
def test_openai_s_variants_are_read(connect, server, answer, text, finish):
    server.behaviour.answer = lambda call: answer
    reply = connect().complete(request(), Event())
    assert (reply.text, reply.finish_reason) == (text, finish)


def test_reasoning_models_of_openai_get_the_newer_name_of_the_limit():
    for model, name in (("o3-mini", "max_completion_tokens"), ("gpt-5", "max_completion_tokens"),
                        ("gpt-4o", "max_tokens")):  # fmt: skip
        client = make_client("openai", "https://api.openai.com/v1", KEY, model, policy=LOCAL)
        assert name in client.payload(request(max_tokens=5))
        client.close()


def refuse(*names):
    """Answer with the error for the first of ``names`` that a request holds."""

    def answer(call):
        for name in names:
            if name in call.payload:
                hint = " Use 'max_completion_tokens' instead." if name == "max_tokens" else ""
                text = f"Unsupported parameter: '{name}' is not supported with this model.{hint}"
                body = {"error": {"message": text, "type": "invalid_request_error"}}
                return Answer(status=400, body=json.dumps(body).encode())
        return "fine"

    return answer


def test_a_parameter_that_the_model_refuses_is_left_out_and_told_once(connect, server):
    server.behaviour.answer = refuse("temperature", "max_tokens")
    client = connect()
    for _ in range(2):
        assert client.complete(request(temperature=0.0, max_tokens=5), Event()).text == "fine"
    told = [notice.message.partition(" The provider says:")[0] for notice in client.notices]
    assert told == [
        "The model m does not accept temperature: left to the provider.",
        "The model m does not accept max_tokens: sent as max_completion_tokens.",
    ]
    assert server.calls == 4
    assert server.requests[-1].payload["max_completion_tokens"] == 5


def test_a_refused_value_is_an_error(connect, server):
    server.fail("bad_request")
    with pytest.raises(ModelCallError, match="seed") as caught:
        connect().complete(request(), Event())
    assert caught.value.code == "bad_request"
    assert server.calls == 1


def test_calls_side_by_side_all_learn_of_a_refused_parameter(connect, server):
    server.behaviour.answer = refuse("seed")
    server.behaviour.latency_s = 0.05
    client = connect(max_connections=10)
    texts = []
    threads = [
        threading.Thread(
            target=lambda: texts.append(client.complete(request(seed=1), Event()).text)
        )
        for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == ["fine"] * 10
    assert len(client.notices) == 1


# Anthropic's shape


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/"])
def test_anthropic_s_address_may_lack_its_version(server, ending):
    url = server.base_url.removesuffix("/v1")
    client = make_client("anthropic", url + ending, KEY, "m", policy=LOCAL)
    try:
        assert client.complete(request(), Event()).text == "ANSWER: A"
        assert client.list_models().ids
    finally:
        client.close()
    assert server.requests[0].path == "/v1/messages"


def test_anthropic_gets_its_own_shape(server, connect):
    client = connect("anthropic")
    reply = client.complete(
        request(system="Be brief.", temperature=1.5, top_p=0.5, seed=3, stop=("\n", "END")),
        Event(),
    )
    assert reply.text == "ANSWER: A"
    assert (reply.finish_reason, reply.request_id) == ("stop", "req-fake")
    call = server.requests[0]
    assert call.path == "/v1/messages"
    assert call.headers["x-api-key"] == KEY
    assert call.headers["anthropic-version"] == "2023-06-01"
    assert call.payload == {
        "model": "m",
        "max_tokens": 4096,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "hi"}],
        "temperature": 1.0,
        "top_p": 0.5,
        "stop_sequences": ["END"],
    }
    assert [notice.message for notice in client.notices] == [
        "Anthropic's API takes a temperature up to 1: sent as 1.",
        "Anthropic's API takes no stop sequence of white space alone: these are not sent.",
        "Anthropic's API has no seed: it is not sent.",
    ]


@pytest.mark.parametrize(
    ("blocks", "reason", "text", "finish"),
    [
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "end_turn", "ab", "stop"),
        ([{"type": "thinking", "thinking": "…"}, {"type": "text", "text": "b"}], "stop_sequence",
         "b", "stop"),
        ([{"type": "text", "text": "a"}], "max_tokens", "a", "length"),
        ([], "refusal", "", "refusal"),
        ([], "end_turn", "", "stop"),
    ],
)  # fmt: skip
def test_anthropic_s_variants_are_read(connect, server, blocks, reason, text, finish):
    usage = {"input_tokens": 5, "cache_read_input_tokens": 7, "output_tokens": 2}
    body = {"type": "message", "content": blocks, "stop_reason": reason, "usage": usage}
    server.behaviour.answer = lambda call: Answer(body=json.dumps(body).encode())
    reply = connect("anthropic").complete(request(), Event())
    assert (reply.text, reply.finish_reason) == (text, finish)
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (12, 2)


@pytest.mark.parametrize(
    ("kind", "auth", "sent", "other"),
    [
        ("anthropic", None, "x-api-key", "authorization"),
        ("anthropic", "bearer", "authorization", "x-api-key"),
        ("openai", None, "authorization", "x-api-key"),
        ("openai", "x-api-key", "x-api-key", "authorization"),
    ],
)
def test_a_key_is_sent_in_one_header_the_usual_or_the_chosen_one(
    server, connect, kind, auth, sent, other
):
    client = connect(kind, auth=auth)
    assert client.complete(request(), Event()).text
    assert client.list_models().ids
    headers = server.requests[0].headers
    assert headers[sent].removeprefix("Bearer ") == KEY
    assert other not in headers


# Failures

EXPECTED = {
    "rate_limit": "rate_limit", "rate_limit_fast": "rate_limit", "rate_limit_bare": "rate_limit",
    "rate_limit_long": "rate_limit", "quota": "quota", "payment": "quota", "bad_key": "auth",
    "forbidden": "permission", "no_model": "unknown_model", "context": "context_length",
    "filtered": "content_filter", "bad_request": "bad_request", "server_error": "server_error",
    "bad_gateway": "proxy_error", "unavailable": "overloaded", "overloaded": "overloaded",
    "anthropic_rate_limit": "rate_limit", "html_200": "web_page", "html_500": "proxy_error",
    "not_json": "bad_reply", "empty_body": "bad_reply", "empty_choices": "empty_reply",
    "null_choices": "empty_reply", "error_in_200": "server_error", "array_error": "rate_limit",
    "truncated_json": "bad_reply", "short_body": "connection", "hang": "timeout",
    "drip": "timeout", "reset": "connection", "huge_body": "too_large",
    "gzip_bomb": "too_large", "redirect": "redirect",
}  # fmt: skip


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
@pytest.mark.parametrize("fault", sorted(set(FAULTS) - {"truncated"}))
def test_every_fault_of_the_server_gets_its_class(server, connect, fault, kind):
    FAULTS[fault]()  # a large body is made once, outside the deadline
    server.fail(fault)
    # Only what never ends may wait for the deadline: a busy machine needs long for the rest.
    timeout_s = 0.3 if EXPECTED[fault] == "timeout" else 60.0
    with pytest.raises(ModelCallError) as caught:
        connect(kind).complete(request(timeout_s=timeout_s), Event())
    assert caught.value.code == EXPECTED[fault]
    assert KEY not in str(caught.value) + repr(caught.value.__dict__)


def test_an_answer_of_another_shape_is_an_empty_reply(server, connect):
    for body in (b'{"choices": [1]}', b'{"choices": "x"}', b'{"choices": {"a": 1}}', b"[]", b"1"):
        server.behaviour.answer = lambda call, body=body: Answer(body=body)
        with pytest.raises(ModelCallError) as caught:
            connect().complete(request(), Event())
        assert caught.value.code in ("empty_reply", "bad_reply")


def test_a_blocked_address_is_never_retried():
    client = make_client("openai", "http://127.0.0.1:9/v1", KEY, "m", policy=EgressPolicy())
    with pytest.raises(ModelCallError) as caught:
        client.complete(request(), Event())
    client.close()
    assert (caught.value.code, caught.value.retryable) == ("policy_block", False)
    assert caught.value.action == "An administrator can allow it."


def test_a_canceled_call_is_not_made(server, connect):
    cancel = Event()
    cancel.set()
    with pytest.raises(Canceled):
        connect().complete(request(), cancel)
    assert server.calls == 0


@pytest.mark.parametrize("key", ["sk-\nX: y", "ключ-sk-secret", "sk-\x00secret"])
def test_a_key_that_cannot_be_sent_is_refused_without_quoting_it(key):
    with pytest.raises(ModelCallError) as caught:
        make_client("openai", "https://api.openai.com/v1", key, "m", policy=LOCAL)
    assert caught.value.code == "auth"
    assert "secret" not in str(caught.value)


def test_white_space_around_a_key_is_ignored(server, connect):
    assert connect(key=f" {KEY}\n").complete(request(), Event()).text


def test_the_key_shows_in_no_error_log_or_repr(server, connect, caplog):
    caplog.set_level(logging.DEBUG)
    client = connect()
    shown = [repr(client), str(client)]
    for fault in sorted(set(FAULTS) - {"truncated", "gzip_bomb", "huge_body"}):
        server.behaviour.rules.clear()
        server.fail(fault)
        try:
            client.complete(request(timeout_s=0.2), Event())
        except ModelCallError as error:
            shown.append("".join(traceback.format_exception(error)))
    assert KEY not in "".join(shown) + caplog.text


def test_a_client_is_not_stored_by_accident(connect):
    with pytest.raises(TypeError):
        pickle.dumps(connect())


# Models


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_models_are_listed_with_the_time_it_took(server, connect, kind):
    server.behaviour.models = ("b", "a", "models/gemini-x")
    found = connect(kind).list_models()
    assert found.ids == ("a", "b", "gemini-x")
    assert 0 <= found.latency_ms < 60_000


def test_a_bad_key_is_found_when_models_are_listed(connect):
    with pytest.raises(ModelCallError) as caught:
        connect(key="wrong").list_models()
    assert caught.value.code == "auth"


def test_a_base_url_without_a_list_says_so(server):
    client = make_client("openai", f"{server.base_url}/deeper", KEY, "", policy=LOCAL)
    with pytest.raises(ModelCallError, match="has no list of models"):
        client.list_models()
    client.close()


def test_a_server_that_is_not_there_is_a_connection_error():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    client = make_client("openai", f"http://127.0.0.1:{port}/v1", None, "", policy=LOCAL)
    with pytest.raises(ModelCallError) as caught:
        client.list_models(60.0)
    client.close()
    assert caught.value.code == "connection"


def test_known_providers_are_complete_and_consistent():
    assert {"openai", "anthropic", "google", "groq", "ollama", "vllm"} <= set(PROVIDERS)
    for name, provider in PROVIDERS.items():
        assert provider.name == name
        assert not provider.base_url.endswith("/")
        assert provider.needs_key == (provider.key_env is not None)
        assert provider.base_url.startswith("https://") or not provider.needs_key or name == "azure"


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="kind"):
        make_client("soap", "https://x.example", None, "m", policy=LOCAL)  # type: ignore[arg-type]


# Whole runs


class Recorder:
    def __init__(self):
        self.results = []
        self.events = []

    def record(self, results, events):
        self.results += results
        self.events += events
        return True

    def publish(self):
        pass


def whole_run(client, count=60, cancel=None, recorder=None, **changes):
    samples = (Sample(f"s{n}", ({"role": "user", "content": f"question {n}"},), "A")
               for n in range(count))  # fmt: skip
    options: dict[str, Any] = {
        "samples": samples,
        "scorer": lambda text, sample: Verdict(float(text.endswith(sample.target)), text or None),
        "max_connections": 10,
        "retry": RetryPolicy(base_wait_s=0.02, max_wait_s=0.1),
        "timeout_s": 60.0,
    }
    recorder = recorder or Recorder()
    end = run_benchmark(RunPlan(**options | changes), client, recorder, cancel or Event())
    return end, recorder


def test_a_spent_quota_costs_at_most_one_call_per_connection(server, connect):
    server.fail("quota")
    end, recorder = whole_run(connect(max_connections=10))
    assert (end.reason, end.error.code) == ("paused", "quota")
    assert server.calls <= 10
    assert recorder.results == []


def test_mixed_faults_lose_no_sample(server, connect):
    server.behaviour.latency_s = 0.02
    server.fail("rate_limit_fast", times=1, every=50)
    for fault in ("server_error", "reset", "empty_choices", "html_500"):
        server.fail(fault, share=0.03)
    server.fail("context", match="question 7")
    end, recorder = whole_run(connect(max_connections=10), count=200)
    assert end.reason == "completed"
    assert len({result.sample.id for result in recorder.results}) == 200
    wrong = [r for r in recorder.results if r.outcome is not Outcome.CORRECT]
    assert {r.error.code for r in wrong} <= {"context_length", "empty_reply"}
    assert sum(r.error.code == "context_length" for r in wrong) == 11
    assert server.peak_in_flight <= 10


def test_a_rate_limited_provider_answers_every_sample_with_few_refusals(server, connect):
    server.behaviour.rate_limit = 40.0
    server.behaviour.retry_after_s = 0.2
    server.behaviour.latency_s = 0.02
    end, recorder = whole_run(connect(max_connections=20), count=150, max_connections=20)
    assert end.reason == "completed"
    assert {result.outcome for result in recorder.results} == {Outcome.CORRECT}
    assert server.calls < 150 * 1.34


def test_a_hanging_server_is_left_at_the_deadline(server, connect):
    server.fail("hang")
    policy = RetryPolicy(max_retries=0)
    started = time.monotonic()
    end, recorder = whole_run(connect(max_connections=10), 10, timeout_s=0.5, retry=policy)
    assert time.monotonic() - started < 60
    assert end.reason == "completed"
    assert {result.error.code for result in recorder.results} == {"timeout"}


def test_a_cancel_cuts_calls_that_hang(server, connect):
    server.fail("hang")
    cancel = Event()
    threading.Timer(0.2, cancel.set).start()
    started = time.monotonic()
    end, recorder = whole_run(connect(), cancel=cancel, timeout_s=600.0, stop_grace_s=0.3)
    assert time.monotonic() - started < 60
    assert (end.reason, recorder.results) == ("stopped", [])


def test_an_ipv6_host_stands_in_brackets():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
            port = listener.getsockname()[1]
    except OSError:
        pytest.skip("this machine has no IPv6")
    client = make_client("openai", f"http://[::1]:{port}/v1", None, "m", policy=LOCAL)
    with pytest.raises(ModelCallError) as caught:
        client.complete(request(), Event())
    client.close()
    assert f"[::1]:{port} refused the connection" in caught.value.message
