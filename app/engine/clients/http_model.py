"""What all clients over HTTP share: the call, its failures, and the list of models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from threading import Event, Lock
from types import MappingProxyType
from typing import Any, Literal, TypeGuard

from app.engine.call_memory import text_bytes
from app.engine.clients.classify import (
    classify_reply,
    cut_stream,
    empty_reply,
    from_call_error,
    not_json,
    request_id,
)
from app.engine.clients.classify_parts import parse_body, quote
from app.engine.clients.classify_rules import Endpoint
from app.engine.clients.key_mask import KeyMask
from app.engine.clients.large_bodies import LARGE_BYTES, parse_bounded, parsing
from app.engine.clients.model_rows import context_tokens
from app.engine.clients.refusals import find_change
from app.engine.clients.reply_failures import ReplyFailed
from app.engine.clients.reply_stream import ReplyStream, is_event_stream
from app.engine.clients.reply_values import id_text, plain_text
from app.engine.clients.request_changes import Change, Notice, RequestChanges, notice_of
from app.engine.clients.stream_parts import StreamParts
from app.engine.engine_errors import ModelCallError
from app.engine.types import UNKNOWN_USAGE, ModelReply, ModelRequest, TokenUsage
from app.net.call_errors import CallError, Canceled
from app.net.http import HttpReply, HttpSession

Auth = Literal["bearer", "x-api-key"]
"""How a key is sent: ``Authorization: Bearer ...``, or ``x-api-key: ...``."""

Stream = Literal["auto"] | bool
"""Whether answers are streamed; ``auto``: only where the server does nothing else."""

_NOT_STREAMED = Notice(
    "streaming_changed",
    "Answers came at once although streams were asked for: their speed is not measured.",
)
_QUOTED = 160
_LONGEST_ID = 180
MOST_MODELS = 2000
"""So many of a list are read."""

_one_list = Lock()  # parsed, a list has twenty times its bytes: one at a time

LARGEST_ANSWER_BYTES = 5_000_000
"""No model writes a longer one: more than a million tokens."""

LARGEST_VERDICT_BYTES = 256_000
"""The same for a judge, whose answers are short."""


@dataclass(frozen=True, slots=True)
class ProviderModels:
    """The models that a provider offers to a key.

    Attributes:
        ids: Sorted.
        latency_ms: Of the call that listed them.
        context_tokens: By id, where the list says it.
    """

    ids: tuple[str, ...]
    latency_ms: int
    context_tokens: Mapping[str, int] = field(default_factory=dict)


class HttpModelClient:
    """A model behind HTTP; a subclass knows the shape of requests and answers.

    Attributes:
        changes: What it changes in its requests because the model refused something.
        notices: What of this the user must know; grows during use.
    """

    path = ""
    models_path = "/models"
    stream_fields: Mapping[str, Any] = MappingProxyType({"stream": True})
    """What a request for a stream has besides."""

    def __init__(
        self,
        session: HttpSession,
        base_url: str,
        api_key: str | None,
        model: str,
        provider: str,
        auth: Auth | None = None,
        stream: Stream = "auto",
    ) -> None:
        self._session = session
        self._stream = stream
        self._auth = auth
        self._base_url = base_url.rstrip("/")
        self._root = self.api_root(self._base_url)
        self._url = self._root + self.path
        self._model = model
        key = _plain_key(api_key)
        self._headers = self.headers(key)
        self._mask = KeyMask(key)
        self._endpoint = Endpoint(provider, model, self._base_url, has_key=bool(key))
        self.changes = RequestChanges()
        self.notices: list[Notice] = []

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._base_url!r}, model={self._model!r})"

    def api_root(self, base_url: str) -> str:
        """Return what the paths of the API follow."""
        return base_url

    def headers(self, api_key: str | None) -> Mapping[str, str]:
        """Return the headers of every call."""
        raise NotImplementedError

    def key_header(self, api_key: str, usual: Auth) -> Mapping[str, str]:
        """Return the header with the key: as the connection says, else the API's ``usual`` one."""
        if (self._auth or usual) == "bearer":
            return {"Authorization": f"Bearer {api_key}"}
        return {"x-api-key": api_key}

    def payload(self, request: ModelRequest) -> dict[str, Any]:
        """Return the body of a request, before it becomes JSON."""
        raise NotImplementedError

    def parts(self) -> StreamParts:
        """Return what puts the events of a streamed answer together."""
        raise NotImplementedError

    def reply(self, payload: dict[str, Any], call_id: str | None) -> ModelReply | None:
        """Return the answer in a body; ``None`` where it holds no completion."""
        raise NotImplementedError

    def usage(self, payload: Mapping[str, Any]) -> TokenUsage:
        """Return the tokens that a body reports, also one that holds no completion."""
        raise NotImplementedError

    def complete(self, request: ModelRequest, cancel: Event) -> ModelReply:
        """Ask the model and return its answer.

        Raises:
            ModelCallError: The call failed; ``retryable`` says whether to try again.
            Canceled: ``cancel`` was set before the call, or the client was closed.
        """
        while True:
            if cancel.is_set():
                raise Canceled
            payload = self._body(request)
            try:
                return self._ask(request, payload)
            except ModelCallError as error:
                if not self._adapt(error, request, payload):
                    raise

    def as_sent(self, request: ModelRequest) -> tuple[str, Mapping[str, str], Mapping[str, Any]]:
        """Return address, headers and body of a request, without sending it."""
        return self._url, self._headers, self._body(request)

    def _body(self, request: ModelRequest) -> dict[str, Any]:
        """Return the body of a request as it is sent."""
        body = self.payload(request)
        if self.changes.streams(self._stream is True):
            body.update(self.stream_fields)
        return self.changes.apply(body)

    def _adapt(self, error: ModelCallError, request: ModelRequest, sent: dict[str, Any]) -> bool:
        """Learn what was refused of ``sent``; returns whether the next request is another one."""
        change = find_change(error.said, error.named, error.status, sent)
        if change is None:
            return False
        if change.kind == "stream" and self._stream is False:
            error.action = "This server only streams: set streaming to automatic."
            return False
        if self.changes.learn(change):
            self.notices.append(notice_of(change, self._model, quote(error.said, _QUOTED)))
        return self._body(request) != sent

    def note_once(self, notice: Notice) -> None:
        """Tell the user something about all requests."""
        if notice not in self.notices:
            self.notices.append(notice)

    def list_models(self, timeout_s: float = 10.0) -> ProviderModels:
        """Return the ids of the models that the key may use.

        Raises:
            ModelCallError: The provider cannot be reached or refused.
        """
        try:
            reply = self._session.get_json(self._root + self.models_path, self._headers, timeout_s)
        except CallError as error:
            raise from_call_error(error, self._endpoint) from error
        with _one_list:
            return self._listed(self._mask.clean(reply))

    def _listed(self, reply: HttpReply) -> ProviderModels:
        try:
            payload = self._parsed(reply, "-")
        except ModelCallError as error:
            if error.code in ("unknown_model", "wrong_path"):
                raise self._no_list() from error
            raise
        rows = payload.get("data", payload.get("models")) if isinstance(payload, dict) else payload
        if not isinstance(rows, list):
            raise not_json(reply, self._endpoint)
        found = [row for row in rows[:MOST_MODELS] if isinstance(row, dict)]
        # Gemini lists "models/gemini-...", but its own documentation calls them without.
        named = {
            id_.removeprefix("models/"): row
            for row in found
            if _is_model_id(id_ := row.get("id") or row.get("name"))
        }
        return ProviderModels(
            ids=tuple(sorted(named)),
            latency_ms=round(reply.elapsed_s * 1000),
            context_tokens={
                id_: tokens for id_, row in named.items() if (tokens := context_tokens(row))
            },
        )

    def _no_list(self) -> ModelCallError:
        return ModelCallError(
            "no_model_list",
            f"{self._base_url} has no list of models.",
            action="Check the base URL; if it is right, enter the model's id by hand.",
            scope="fail",
            status=404,
        )

    def close(self) -> None:
        """End the calls under way and close the connections."""
        self._session.close()

    def _ask(self, request: ModelRequest, sent: Mapping[str, Any]) -> ModelReply:
        body = json.dumps(sent).encode()
        stream = ReplyStream(self.parts()) if "stream" in sent else None
        try:
            reply = self._session.post_json(
                self._url, self._headers, body, request.timeout_s, request.hold, stream
            )
        except CallError as error:
            raise self._lost(from_call_error(error, self._endpoint), stream) from error
        if stream is not None and stream.is_cut:
            raise self._lost(cut_stream(self._endpoint), stream)
        is_unasked = not (stream and stream.is_stream) and is_event_stream(reply.body)
        if is_unasked:
            reply = self._unasked(reply)
        try:
            if len(reply.body) <= LARGE_BYTES:
                answer = self._answer(reply, request)
            else:
                with parsing:
                    answer = self._answer(reply, request)
        except ModelCallError as error:
            raise self._lost(error, stream) from error.__cause__
        if is_unasked:
            self._expect_streams()
        elif stream is not None and not stream.is_stream:
            self.note_once(_NOT_STREAMED)
        request.hold.resize(text_bytes(answer.text) + text_bytes(answer.reasoning))
        return answer if stream is None else replace(answer, speed=stream.speed(answer.usage))

    def _lost(self, error: ModelCallError, stream: ReplyStream | None) -> ModelCallError:
        """Return the error of a call that was lost, with the tokens that it used until then."""
        generated = stream.generated() if stream is not None else None
        if generated is not None and error.usage is None:
            error.usage = self.usage(generated)
        return error

    def _answer(self, reply: HttpReply, request: ModelRequest) -> ModelReply:
        reply = self._mask.clean(reply)
        try:
            return self._read(reply, request)
        except ModelCallError as error:
            error.usage = self._billed(reply)
            raise

    def _billed(self, reply: HttpReply) -> TokenUsage | None:
        """Return the tokens of a reply without an answer; ``None`` where nothing was generated."""
        payload = parse_bounded(reply.body)
        if not isinstance(payload, dict):
            is_cut = reply.status == 200 and reply.body.lstrip()[:1] == b"{"
            return UNKNOWN_USAGE if is_cut else None
        reported = self.usage(payload)
        if reported != UNKNOWN_USAGE:
            return reported
        is_generation = payload.get("choices") or payload.get("content")
        return UNKNOWN_USAGE if reply.status == 200 and is_generation else None

    def _read(self, reply: HttpReply, request: ModelRequest) -> ModelReply:
        payload = self._parsed(reply, request.sample.id)
        call_id = request_id(reply)
        try:
            answer = self.reply(payload, call_id)
        except ReplyFailed as failed:
            raise failed.error(self._endpoint, call_id) from None
        except (AttributeError, IndexError, KeyError, TypeError) as error:
            # JSON of another shape than the API's: no completion in it either.
            raise empty_reply(self._endpoint, call_id) from error
        if answer is None:
            raise empty_reply(self._endpoint, call_id)
        return replace(
            answer,
            text=plain_text(answer.text),
            request_id=id_text(answer.request_id),
            reasoning=plain_text(answer.reasoning),
            model=id_text(answer.model, _LONGEST_ID),
            fingerprint=id_text(answer.fingerprint),
        )

    def _unasked(self, reply: HttpReply) -> HttpReply:
        """Return what was streamed unasked as if it had been sent at once."""
        stream = ReplyStream(self.parts())
        stream.feed(reply.body)
        whole = replace(reply, body=stream.body())
        if stream.is_cut:
            if reply.status != 200:
                return reply  # its status says more
            raise self._lost(cut_stream(self._endpoint), stream)
        return whole

    def _expect_streams(self) -> None:
        """Read answers as they come from a server that streams without being asked to."""
        change = Change("stream", "stream", True)
        if self._stream == "auto" and self.changes.learn(change):
            self.notices.append(notice_of(change, self._model))

    def _parsed(self, reply: HttpReply, sample_id: str) -> Any:
        if reply.status == 200:
            payload = parse_bounded(reply.body)
            if payload is None:
                raise not_json(reply, self._endpoint)
            if isinstance(payload, dict) and not payload.get("error"):
                looked = payload.get("choices") or payload.get("content") or payload.get("data")
                if looked and not _choice_failed(payload):
                    return payload
        failure = classify_reply(reply, self._endpoint, sample_id)
        if failure is not None:
            raise failure
        return parse_body(reply.body)


def _choice_failed(payload: Mapping[str, Any]) -> bool:
    choices = payload.get("choices")
    if not isinstance(choices, list) or not choices:
        return False
    return isinstance(choices[0], dict) and bool(choices[0].get("error"))


def _is_model_id(value: object) -> TypeGuard[str]:
    """Return whether an entry of a model list is a usable model id."""
    return isinstance(value, str) and value.isprintable() and 0 < len(value) <= _LONGEST_ID


def _plain_key(api_key: str | None) -> str | None:
    """Return the key without white space around it.

    Checked here because an error from within the HTTP library would quote the key.
    """
    key = (api_key or "").strip()
    if not key.isascii() or not key.isprintable():
        raise ModelCallError(
            "auth",
            "The API key holds characters that cannot be sent.",
            action="Replace it in Settings → Connections.",
            scope="fail",
        )
    return key or None
