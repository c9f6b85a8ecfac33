"""A fast local HTTP server that answers as OpenAI and Anthropic do, and fails as they do.

As a process of its own (its first line of output is its port)::

    python tests/fakes/model_server.py --port 0 --latency 0.1 --answer "ANSWER: A"
    python tests/fakes/model_server.py --fault rate_limit --times 5 --rate-limit 25

In a test, on a thread of this process::

    with ModelServer(latency_s=0.05, answer=lambda call: "ANSWER: B") as server:
        server.fail("rate_limit", times=3)             # the next three calls
        server.fail("html_200", match="question 7")    # every call whose body has this text
        ...                                            # server.base_url ends in /v1
        assert server.calls == 7
        assert server.requests[0].model == "gpt-4o-mini"

Routes: ``POST /v1/chat/completions``, ``POST /v1/messages``, ``GET /v1/models`` (``/v1`` is
optional everywhere), ``GET /_stats``, ``GET /_requests`` (what came in, as JSON), and
``POST /_control`` to change a running server: a JSON object with any of ``latency_s``,
``answer``, ``rate_limit``, ``api_key``, ``fail`` (a list of objects with the arguments of
:meth:`ModelServer.fail`), ``reset`` (true forgets faults and requests). A model named
``fault:NAME`` always gets that fault, so a page can be tried without any set-up.

``FAULTS`` holds all names: rate limits, quota, errors in every provider's shape, ``hang``,
``drip``, ``reset``, ``html_200``, ``empty_choices``, ``error_in_200``, ``array_error``,
``truncated_json``, ``short_body``, ``huge_body``, ``gzip_bomb`` and so on. ``answer`` may be a
text, or a function of a :class:`Call` that returns a text or a :class:`Answer`. A call that asks
for a stream gets one (``tests/fakes/streams.py``), unless ``Behaviour.streaming`` says otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import itertools
import json
import random
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

if not __package__:  # started by its path
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.fakes import streams

MODELS = ("fake-large", "fake-small", "fault:rate_limit")


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it came in; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    number: int
    at: float

    @property
    def payload(self) -> dict[str, Any]:
        parsed = json.loads(self.body or b"{}")
        return parsed if isinstance(parsed, dict) else {}

    @property
    def model(self) -> str:
        return str(self.payload.get("model", ""))

    @property
    def prompt(self) -> str:
        """The content of the last message."""
        messages = self.payload.get("messages") or [{}]
        return str(messages[-1].get("content", ""))

    @property
    def streams(self) -> bool:
        """Whether a stream is asked for."""
        return b'"stream"' in self.body and self.payload.get("stream") is True

    @property
    def is_chat(self) -> bool:
        return self.path.endswith(("/chat/completions", "/messages"))

    @property
    def is_anthropic(self) -> bool:
        return self.path.endswith("/messages")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: a text that the provider's shape is put around, or raw bytes.

    ``how`` is ``send``, or one of ``hang``, ``drip``, ``reset``, ``short``; of a stream also
    ``cut`` (the connection ends after its last event) and ``open`` (the answer does not end).
    ``events`` are the parts of a stream, sent ``pause_s`` apart.
    """

    text: str | None = None
    status: int = 200
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"
    finish_reason: str = "stop"
    latency_s: float | None = None
    how: str = "send"
    events: tuple[bytes, ...] | None = None
    pause_s: float | None = None


Script = str | Callable[[Call], "str | Answer"]


def _json(
    status: int, value: Any, *headers: tuple[str, str], how: str = "send"
) -> Callable[[], Answer]:
    return lambda: Answer(status=status, body=json.dumps(value).encode(), headers=headers, how=how)


def _openai(status: int, message: str, kind: str, code: Any, *headers: tuple[str, str]) -> Any:
    error = {"message": message, "type": kind, "param": None, "code": code}
    return _json(status, {"error": error}, *headers)


def _anthropic(status: int, kind: str, message: str, *headers: tuple[str, str]) -> Any:
    error = {"type": kind, "message": message}
    return _json(status, {"type": "error", "error": error, "request_id": "req_fake"}, *headers)


def _html(status: int, title: str) -> Callable[[], Answer]:
    page = f"<!doctype html><html><head><title>{title}</title></head><body>no</body></html>"
    return lambda: Answer(status=status, body=page.encode(), content_type="text/html")


@cache
def _bomb() -> bytes:
    return gzip.compress(b'{"a":"' + b" " * (64 << 20) + b'"}')


_CUT = json.dumps({"id": "x", "choices": [{"message": {"content": "never ends"}}]})[:40].encode()
_LONG = "This model's maximum context length is 8192 tokens. However, you requested 9001 tokens."

FAULTS: dict[str, Callable[[], Answer]] = {
    "rate_limit": _openai(
        429, "Rate limit reached", "requests", "rate_limit_exceeded", ("Retry-After", "1")
    ),
    "rate_limit_fast": _openai(
        429, "Rate limit reached", "requests", "rate_limit_exceeded", ("retry-after-ms", "20")
    ),
    "rate_limit_bare": _openai(429, "Rate limit reached", "requests", "rate_limit_exceeded"),
    "rate_limit_long": _openai(
        429, "Rate limit reached", "requests", "rate_limit_exceeded", ("Retry-After", "3600")
    ),
    "quota": _openai(
        429, "You exceeded your current quota", "insufficient_quota", "insufficient_quota"
    ),
    "payment": _openai(402, "Insufficient credits", "billing", 402),
    "bad_key": _openai(
        401, "Incorrect API key provided", "invalid_request_error", "invalid_api_key"
    ),
    "forbidden": _openai(403, "Project has no access", "invalid_request_error", None),
    "no_model": _openai(
        404, "The model does not exist", "invalid_request_error", "model_not_found"
    ),
    "context": _openai(400, _LONG, "invalid_request_error", "context_length_exceeded"),
    "filtered": _openai(400, "The prompt was filtered", "invalid_request_error", "content_filter"),
    "bad_request": _openai(
        400, "Unsupported parameter: 'seed'", "invalid_request_error", "unsupported_parameter"
    ),
    "server_error": _openai(500, "The server had an error", "server_error", None),
    "bad_gateway": _html(502, "502 Bad Gateway"),
    "unavailable": _openai(503, "The engine is overloaded", "server_error", None),
    "overloaded": _anthropic(529, "overloaded_error", "Overloaded"),
    "anthropic_rate_limit": _anthropic(
        429, "rate_limit_error", "This request would exceed your rate limit", ("retry-after", "1")
    ),
    "html_200": _html(200, "Welcome to nginx"),
    "html_500": _html(500, "Cloudflare error"),
    "not_json": lambda: Answer(body=b"ok", content_type="text/plain"),
    "empty_body": lambda: Answer(body=b""),
    "empty_choices": _json(200, {"id": "x", "object": "chat.completion", "choices": []}),
    "null_choices": _json(200, {"id": "x", "object": "chat.completion", "choices": None}),
    "error_in_200": _json(200, {"error": {"code": 502, "message": "Provider returned error"}}),
    "array_error": _json(
        429, [{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Slow down"}}]
    ),
    "truncated_json": lambda: Answer(body=_CUT),
    "truncated": lambda: Answer(text="The answer is", finish_reason="length"),
    "short_body": lambda: Answer(text="cut", how="short"),
    "hang": lambda: Answer(text="", how="hang"),
    "drip": lambda: Answer(text="slow", how="drip"),
    "reset": lambda: Answer(text="", how="reset"),
    "huge_body": lambda: Answer(body=b" " * (24 << 20)),
    "gzip_bomb": lambda: Answer(body=_bomb(), headers=(("Content-Encoding", "gzip"),)),
    "redirect": lambda: Answer(status=307, body=b"", headers=(("Location", "/v1/elsewhere"),)),
}


@dataclass(slots=True)
class _Rule:
    fault: str
    times: int | None = None
    every: int = 1
    match: str | None = None
    share: float = 1.0
    seen: int = 0

    def hits(self, call: Call, rng: random.Random) -> bool:
        if self.times == 0 or (self.match and self.match.encode() not in call.body):
            return False
        self.seen += 1
        if self.seen % self.every or (self.share < 1.0 and rng.random() >= self.share):
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass(slots=True)
class Behaviour:
    """What the server does; may be changed while it runs."""

    latency_s: float = 0.0
    answer: Script = "ANSWER: A"
    models: tuple[str, ...] = MODELS
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By model: what its row of the list says besides the id."""
    has_list: bool = True
    prefix: str | None = None
    """The only path under which the API is served (``/api/v1``); ``None``: with or without /v1."""
    not_found: bytes = b'{"detail":"Not Found"}'
    api_key: str | None = None
    rate_limit: float | None = None
    charge_rejected: bool = False
    retry_after_s: float | None = 1.0
    drip_s: float = 0.2
    streaming: Literal["asked", "only", "never", "always"] = "asked"
    """When answers are streamed; other requests are refused, or with ``always`` streamed."""
    only_says: str = "Stream must be set to true"
    never_says: str = "Streaming is not supported by this model."
    pause_s: float = 0.0
    """Between the events of a stream."""
    keep: int = 20_000
    rules: list[_Rule] = field(default_factory=list)


class _State:
    """All that the connections share; lives on the event loop's thread."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.requests: deque[Call] = deque(maxlen=behaviour.keep)
        self.calls = 0
        self.first_at: float | None = None
        self.last_at: float | None = None
        self.in_flight = 0
        self.peak_in_flight = 0
        self.connections: set[asyncio.Transport] = set()
        self.statuses: dict[int, int] = {}
        self.rng = random.Random(1)  # noqa: S311 - reproducible faults, no secret
        self._ids = itertools.count(1)
        self._tokens = 0.0
        self._filled_at: float | None = None

    def over_limit(self) -> bool:
        limit = self.behaviour.rate_limit
        if not limit:
            return False
        now = time.monotonic()
        if self._filled_at is None:
            self._tokens = max(1.0, limit)
        else:
            self._tokens = min(max(1.0, limit), self._tokens + (now - self._filled_at) * limit)
        self._filled_at = now
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return False
        if self.behaviour.charge_rejected:
            self._tokens = max(-limit, self._tokens - 1.0)
        return True

    def decide(self, call: Call) -> Answer:
        """Return the answer to one model call."""
        behaviour = self.behaviour
        key = behaviour.api_key
        if key and key not in (
            call.headers.get("authorization", "").removeprefix("Bearer "),
            call.headers.get("x-api-key"),
        ):
            return FAULTS["bad_key"]()
        if b'"fault:' in call.body and call.model.startswith("fault:"):
            return FAULTS[call.model.removeprefix("fault:")]()
        if refusal := self._refused_way(call):
            return refusal
        for rule in behaviour.rules:
            if rule.hits(call, self.rng):
                return FAULTS[rule.fault]()
        if self.over_limit():
            retry_after = behaviour.retry_after_s
            headers = (("Retry-After", f"{retry_after:g}"),) if retry_after is not None else ()
            return Answer(status=429, body=FAULTS["rate_limit"]().body, headers=headers)
        made = behaviour.answer(call) if callable(behaviour.answer) else behaviour.answer
        return Answer(text=made) if isinstance(made, str) else made

    def _refused_way(self, call: Call) -> Answer | None:
        """Return the refusal of a stream, or of an answer at once, from a server that has none."""
        behaviour, asked = self.behaviour, call.streams
        if behaviour.streaming == "only" and not asked:
            return cast(Answer, _openai(400, behaviour.only_says, "invalid_request_error", None)())
        if behaviour.streaming == "never" and asked:
            return cast(Answer, _openai(400, behaviour.never_says, "invalid_request_error", None)())
        return None

    def events(self, call: Call, answer: Answer) -> tuple[bytes, ...] | None:
        """Return the events of an answer; ``None`` where it is sent at once."""
        if answer.events is not None:
            return answer.events
        asked = call.streams or self.behaviour.streaming == "always"
        if not asked or answer.how != "send":
            return None
        if answer.body is not None:
            return self._shaped_events(answer)
        text = answer.text or ""
        spent = len(call.body) // 5, max(1, len(streams.tokens_of(text)))
        if call.is_anthropic:
            stop = {"stop": "end_turn", "length": "max_tokens"}.get(
                answer.finish_reason, answer.finish_reason
            )
            return tuple(streams.message(text, stop, model=call.model, usage=spent))
        usage = {"prompt_tokens": spent[0], "completion_tokens": spent[1]}
        counted = (call.payload.get("stream_options") or {}).get("include_usage")
        finish = answer.finish_reason
        return tuple(
            streams.completion(text, finish, model=call.model, usage=usage if counted else None)
        )

    def _shaped_events(self, answer: Answer) -> tuple[bytes, ...] | None:
        """Return the events of an answer in a provider's shape; errors are sent at once."""
        if answer.status != 200 or answer.content_type != "application/json" or answer.headers:
            return None
        try:
            body = json.loads(answer.body or b"")
        except ValueError:
            return None
        made = streams.streamed(body) if isinstance(body, dict) else None
        return None if made is None else tuple(made)

    def shape(self, call: Call, answer: Answer) -> bytes:
        """Return the body of ``answer`` in the shape of the provider that was asked."""
        if answer.body is not None:
            return answer.body
        text = json.dumps(answer.text or "")
        spent_in, spent_out = len(call.body) // 5, max(1, len(answer.text or "") // 4)
        model = json.dumps(call.model)
        if call.is_anthropic:
            stop = {"stop": "end_turn", "length": "max_tokens"}.get(
                answer.finish_reason, answer.finish_reason
            )
            return (
                f'{{"id":"msg_{next(self._ids)}","type":"message","role":"assistant",'
                f'"model":{model},"content":[{{"type":"text","text":{text}}}],'
                f'"stop_reason":"{stop}","usage":{{"input_tokens":{spent_in},'
                f'"output_tokens":{spent_out}}}}}'
            ).encode()
        return (
            f'{{"id":"chatcmpl-{next(self._ids)}","object":"chat.completion","model":{model},'
            f'"choices":[{{"index":0,"message":{{"role":"assistant","content":{text}}},'
            f'"finish_reason":"{answer.finish_reason}"}}],"usage":{{"prompt_tokens":{spent_in},'
            f'"completion_tokens":{spent_out},"total_tokens":{spent_in + spent_out}}}}}'
        ).encode()

    def control(self, change: dict[str, Any]) -> None:
        """Apply what ``POST /_control`` sent."""
        if change.pop("reset", False):
            self.behaviour.rules.clear()
            self.requests.clear()
            self.calls = 0
            self.first_at = self.last_at = None
            self.peak_in_flight = 0
            self.statuses.clear()
        for rule in change.pop("fail", []):
            if rule["fault"] not in FAULTS:
                raise KeyError(rule["fault"])
            self.behaviour.rules.append(_Rule(**rule))
        for name, value in change.items():
            if name not in Behaviour.__slots__ or name in ("rules", "keep"):
                raise KeyError(name)
            setattr(self.behaviour, name, tuple(value) if name == "models" else value)


class _Connection(asyncio.Protocol):
    def __init__(self, state: _State, loop: asyncio.AbstractEventLoop) -> None:
        self._state = state
        self._loop = loop
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._state.connections.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._state.connections.discard(self._transport)
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._busy:
            self._next()

    def _next(self) -> None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        first, *lines = self._buffer[:end].decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        stop = end + 4 + int(headers.get("content-length", 0))
        if len(self._buffer) < stop:
            return
        method, target, _ = first.split(" ")
        path = target.partition("?")[0]
        body = bytes(self._buffer[end + 4 : stop])
        del self._buffer[:stop]
        self._handle(Call(method, path, headers, body, self._state.calls, time.time()))

    def _handle(self, call: Call) -> None:
        state = self._state
        if self._is_elsewhere(call):
            self._send(Answer(status=404, body=state.behaviour.not_found), b"")
            return
        if call.is_chat:
            state.calls += 1
            state.first_at = state.first_at or call.at
            state.last_at = call.at
            state.requests.append(call)
            try:
                answer = state.decide(call)
            except Exception as error:  # noqa: BLE001 - a broken script must show in the test
                answer = Answer(status=599, body=repr(error).encode(), content_type="text/plain")
            state.in_flight += 1
            state.peak_in_flight = max(state.peak_in_flight, state.in_flight)
            self._busy = True
            latency_s = state.behaviour.latency_s
            wait_s = latency_s if answer.latency_s is None else answer.latency_s
            if wait_s:
                self._loop.call_later(wait_s, self._finish, call, answer)
            else:
                self._finish(call, answer)
            return
        self._send(self._admin(call), self._page(call))

    def _is_elsewhere(self, call: Call) -> bool:
        """Return whether the API is not served at the path of a call."""
        prefix = self._state.behaviour.prefix
        if prefix is None or call.path.startswith("/_"):
            return False
        known = ("/chat/completions", "/messages", "/models")
        return call.path not in {prefix + path for path in known}

    def _is_list(self, call: Call) -> bool:
        prefix = self._state.behaviour.prefix
        prefixes = ("", "/v1") if prefix is None else (prefix,)
        return call.path in {f"{each}/models" for each in prefixes}

    def _admin(self, call: Call) -> Answer:
        if self._is_list(call) and call.method == "GET":
            if not self._state.behaviour.has_list:
                return Answer(status=404, body=self._state.behaviour.not_found)
            key = self._state.behaviour.api_key
            if key and key not in (
                call.headers.get("authorization", "").removeprefix("Bearer "),
                call.headers.get("x-api-key"),
            ):
                return FAULTS["bad_key"]()
            return Answer()
        if call.path == "/_control":
            try:
                self._state.control(call.payload)
            except (KeyError, TypeError) as error:
                return Answer(status=400, body=json.dumps({"error": repr(error)}).encode())
            return Answer()
        if call.path in ("/_stats", "/_requests"):
            return Answer()
        return FAULTS["no_model"]()

    def _page(self, call: Call) -> bytes:
        state = self._state
        if self._is_list(call):
            behaviour = state.behaviour
            rows = [
                {"id": name, "object": "model", **(behaviour.facts.get(str(name)) or {})}
                for name in behaviour.models
            ]
            return json.dumps({"object": "list", "data": rows, "has_more": False}).encode()
        if call.path == "/_requests":
            rows = [asdict(entry) | {"body": entry.payload} for entry in state.requests]
            return json.dumps(rows).encode()
        return json.dumps(
            {
                "calls": state.calls,
                "first_at": state.first_at,
                "last_at": state.last_at,
                "in_flight": state.in_flight,
                "peak_in_flight": state.peak_in_flight,
                "connections": len(state.connections),
                "statuses": state.statuses,
            }
        ).encode()

    def _finish(self, call: Call, answer: Answer) -> None:
        self._state.in_flight -= 1
        statuses = self._state.statuses
        statuses[answer.status] = statuses.get(answer.status, 0) + 1
        events = self._state.events(call, answer)
        if events is not None:
            pause_s = answer.pause_s
            self._stream(
                answer, events, self._state.behaviour.pause_s if pause_s is None else pause_s
            )
            return
        self._busy = False
        self._send(answer, self._state.shape(call, answer))

    def _stream(self, answer: Answer, events: tuple[bytes, ...], pause_s: float) -> None:
        if self._transport is None:
            return
        self._transport.write(
            f"HTTP/1.1 {answer.status} X\r\nContent-Type: text/event-stream\r\n"
            "x-request-id: req-fake\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        if pause_s:
            self._send_events(answer, events, pause_s)
        else:
            self._transport.write(b"".join(map(_chunked, events)))
            self._end_stream(answer)

    def _send_events(self, answer: Answer, events: tuple[bytes, ...], pause_s: float) -> None:
        if self._transport is None:
            return
        if not events:
            self._end_stream(answer)
            return
        self._transport.write(_chunked(events[0]))
        self._loop.call_later(pause_s, self._send_events, answer, events[1:], pause_s)

    def _end_stream(self, answer: Answer) -> None:
        transport = self._transport
        if transport is None or answer.how == "open":
            return
        if answer.how == "cut":
            transport.close()
            return
        transport.write(b"0\r\n\r\n")
        self._busy = False
        if self._buffer:
            self._next()

    def _send(self, answer: Answer, made: bytes) -> None:
        transport = self._transport
        if transport is None or answer.how == "hang":
            return
        if answer.how == "reset":
            transport.abort()
            return
        body = made if answer.body is None else answer.body
        extra = "".join(f"{name}: {value}\r\n" for name, value in answer.headers)
        head = (
            f"HTTP/1.1 {answer.status} X\r\nContent-Type: {answer.content_type}\r\n"
            f"x-request-id: req-fake\r\n{extra}Content-Length: {len(body)}\r\n\r\n"
        ).encode()
        if answer.how == "short":
            transport.write(head + body[:-5])
            transport.close()
        elif answer.how == "drip":
            transport.write(head)
            self._drip(body)
        else:
            transport.write(head + body)
            if self._buffer:
                self._next()

    def _drip(self, rest: bytes) -> None:
        if self._transport is None or not rest:
            return
        self._transport.write(rest[:1])
        self._loop.call_later(self._state.behaviour.drip_s, self._drip, rest[1:])


def _chunked(part: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(part), part)


async def _listen(state: _State, host: str, port: int) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    return await loop.create_server(
        lambda: _Connection(state, loop), host, port, backlog=1024, reuse_address=True
    )


class ModelServer:
    """The server on a thread of this process; a context manager.

    Args:
        latency_s: How long each answer takes.
        answer: The text of each answer, or a function of the call.
        **behaviour: Further fields of :class:`Behaviour`.
    """

    def __init__(
        self, latency_s: float = 0.0, answer: Script = "ANSWER: A", **behaviour: Any
    ) -> None:
        self.behaviour = Behaviour(latency_s=latency_s, answer=answer, **behaviour)
        self._state = _State(self.behaviour)
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="model-server", daemon=True)
        self.host = "127.0.0.1"
        self.port = 0

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(_listen(self._state, self.host, 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for transport in list(self._state.connections):
            transport.abort()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def __enter__(self) -> ModelServer:
        self._thread.start()
        if not self._ready.wait(60):
            raise RuntimeError("the model server did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)

    @property
    def base_url(self) -> str:
        """The address that a connection is configured with, ending in ``/v1``."""
        return f"http://{self.host}:{self.port}/v1"

    @property
    def calls(self) -> int:
        """How many model calls came in."""
        return self._state.calls

    @property
    def peak_in_flight(self) -> int:
        """The highest number of calls that waited for their answer at once."""
        return self._state.peak_in_flight

    @property
    def requests(self) -> list[Call]:
        """The model calls that came in, oldest first."""
        return list(self._state.requests)

    def fail(
        self,
        fault: str,
        *,
        times: int | None = None,
        every: int = 1,
        match: str | None = None,
        share: float = 1.0,
    ) -> None:
        """Answer with ``FAULTS[fault]``.

        Args:
            fault: A name in ``FAULTS``.
            times: For so many calls; ``None`` for ever.
            every: Only each n-th of the calls that match.
            match: Only calls whose body holds this text.
            share: Only this share of them, by a seeded generator.
        """
        if fault not in FAULTS:
            raise KeyError(fault)
        self.behaviour.rules.append(_Rule(fault, times, every, match, share))

    def recover(self) -> None:
        """Forget all faults."""
        self.behaviour.rules.clear()


def _parse(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A fake model provider.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds per answer")
    parser.add_argument("--answer", default="ANSWER: A")
    parser.add_argument("--answers", help="JSON file: text in the prompt -> answer")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds between events")
    parser.add_argument("--api-key", help="refuse other keys")
    parser.add_argument("--rate-limit", type=float, help="calls per second")
    parser.add_argument("--charge-rejected", action="store_true")
    parser.add_argument("--fault", choices=sorted(FAULTS))
    parser.add_argument("--times", type=int)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--match")
    parser.add_argument("--share", type=float, default=1.0)
    return parser.parse_args(argv)


def _lookup(path: str, otherwise: str) -> Callable[[Call], str]:
    with open(path, encoding="utf-8") as file:
        table: dict[str, str] = json.load(file)

    def answer(call: Call) -> str:
        return next((text for key, text in table.items() if key in call.prompt), otherwise)

    return answer


async def _serve(args: argparse.Namespace) -> None:
    behaviour = Behaviour(
        latency_s=args.latency,
        pause_s=args.pause,
        answer=_lookup(args.answers, args.answer) if args.answers else args.answer,
        api_key=args.api_key,
        rate_limit=args.rate_limit,
        charge_rejected=args.charge_rejected,
    )
    if args.fault:
        behaviour.rules.append(_Rule(args.fault, args.times, args.every, args.match, args.share))
    server = await _listen(_State(behaviour), args.host, args.port)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(_serve(_parse()))
    except KeyboardInterrupt:
        sys.exit(0)
