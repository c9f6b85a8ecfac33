"""Puts the chunks of a streamed chat completion together into the body of one sent at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.engine.clients.reply_texts import THOUGHT_FIELDS, answer_text, thought_text
from app.engine.clients.reply_values import as_object
from app.engine.clients.stream_event import FailureEventError
from app.engine.clients.stream_parts import StreamParts, text_in
from app.net.sse import ServerEvent

_HEAD = ("id", "model", "system_fingerprint", "promptFeedback")


class CompletionParts(StreamParts):
    """The chunks of one completion so far."""

    def __init__(self) -> None:
        super().__init__()
        self._head: dict[str, Any] = {}
        self._answer, self._refusal = bytearray(), bytearray()
        self._thoughts: dict[str, bytearray] = {}
        self._index: Any = None
        self._choice: dict[str, Any] | None = None
        self._message: dict[str, Any] | None = None
        self._usage: Any = None

    @property
    def is_whole(self) -> bool:
        """Whether the server said how the answer ended."""
        return self.has_ended or bool(self._choice and self._choice.get("finish_reason"))

    def _take(self, body: Mapping[str, Any], event: ServerEvent) -> bool:
        is_counted = self._note(body)
        choice = self._first_choice(body.get("choices"))
        if choice is None:
            return False
        was_whole = self.is_whole
        has_text = self._add_choice(choice, is_all=body.get("object") == "chat.completion")
        self.goes_on = self.goes_on or (was_whole and has_text)
        if has_text and not is_counted and not choice.get("finish_reason"):
            self._learn(event, choice.get("delta"))
        return has_text

    def payload(self) -> dict[str, Any]:
        """Return the body of the completion."""
        payload: dict[str, Any] = {"object": "chat.completion", **self._head}
        if self._choice is not None:
            if self._message is not None:
                self._choice["message"] = {
                    "role": "assistant",
                    "content": text_in(self._answer) or None,
                    "refusal": text_in(self._refusal) or None,
                    **{name: text_in(text) for name, text in self._thoughts.items()},
                    **self._message,
                }
            payload["choices"] = [self._choice]
        if self._usage:
            payload["usage"] = self._usage
        return payload

    def _note(self, chunk: Mapping[str, Any]) -> bool:
        """Keep what a chunk says of the whole; returns whether it counts tokens."""
        if len(self._head) < len(_HEAD):
            for name in _HEAD:
                if name not in self._head and chunk.get(name):
                    self._head[name] = chunk[name]
        usage = chunk.get("usage") or as_object(chunk.get("x_groq")).get("usage")
        if usage:
            self._usage = usage
        return bool(usage)

    def _first_choice(self, choices: object) -> Mapping[str, Any] | None:
        """Return what a chunk has of the first choice; those of several come mixed."""
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict):
                index = choice.get("index")
                if self._index is None:
                    self._index = index
                if index is None or index == self._index:
                    return choice
        return None

    def _learn(self, event: ServerEvent, delta: object) -> None:
        """Expect further events like this one, if all that it brought is one text."""
        if not isinstance(delta, dict) or len(delta) != 1:
            return
        [(name, text)] = delta.items()
        sink = self._answer if name == "content" else self._thoughts.get(name)
        if isinstance(text, str) and sink is not None:
            self._template.learn(event.data, name.encode(), text, sink)

    def _add_choice(self, choice: Mapping[str, Any], *, is_all: bool) -> bool:
        kept = self._choice = self._choice or {"index": 0, "finish_reason": None}
        if choice.get("error"):
            raise FailureEventError({"error": choice["error"]})
        if choice.get("finish_reason"):
            kept["finish_reason"] = choice["finish_reason"]
        delta, message = choice.get("delta"), choice.get("message")
        if isinstance(message, dict) and not delta:
            if is_all:  # the whole once more, at the end
                return self._replace(message)
            delta = message
        if isinstance(delta, dict):
            return self._add_delta(delta)
        text = choice.get("text")  # a completion API
        return self._add_delta({"content": text}) if isinstance(text, str) else False

    def _replace(self, message: Mapping[str, Any]) -> bool:
        """Take the whole answer; returns whether that is news."""
        had_text = self.length > 0
        self._template.forget()
        self._answer.clear()
        self._refusal.clear()
        self._thoughts.clear()
        self.length = 0
        return self._add_delta(message) and not had_text

    def _add_delta(self, delta: Mapping[str, Any]) -> bool:
        if self._message is None:
            self._message = {}
        content = delta.get("content")
        text = content if isinstance(content, str) else answer_text(content)
        if text:
            self._write(self._answer, text)
        if len(delta) == 1 and isinstance(content, str):
            return bool(text)
        has_thought = self._add_thoughts(delta)
        refusal = delta.get("refusal")
        if isinstance(refusal, str) and refusal:
            self._write(self._refusal, refusal)
        for name in ("tool_calls", "function_call"):
            if delta.get(name):
                self._message[name] = True  # that there was one is all that counts
        return bool(text or has_thought or refusal)

    def _add_thoughts(self, delta: Mapping[str, Any]) -> bool:
        """Take what the model thought, by field: some servers send it in two at once."""
        before = self.length
        for name in THOUGHT_FIELDS:
            if delta.get(name):
                self._think(name, thought_text({name: delta[name]}))
        content = delta.get("content")
        if isinstance(content, list | dict):
            self._think(THOUGHT_FIELDS[-1], thought_text({"content": content}))
        self.has_thoughts = self.has_thoughts or self.length > before
        return self.length > before

    def _think(self, field: str, text: str) -> None:
        self._write(self._thoughts.setdefault(field, bytearray()), text)
