"""Puts the chunks of a streamed chat completion together into the body of one sent at once."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from typing import Any

from app.engine.clients.reply_texts import THOUGHT_FIELDS, answer_text, thought_text
from app.engine.clients.reply_values import as_object
from app.engine.clients.stream_event import END, FailureEventError, read_event
from app.engine.clients.stream_template import StreamTemplate
from app.net.sse import ServerEvent

_HEAD = ("id", "model", "system_fingerprint", "promptFeedback")


class CompletionParts:
    """The chunks of one completion so far.

    Attributes:
        length: Characters of text.
        has_ended: The server said that nothing follows.
        has_thoughts: What the model thought came as text, too.
    """

    def __init__(self) -> None:
        self.length = 0
        self.has_ended = False
        self.has_thoughts = False
        self._head: dict[str, Any] = {}
        self._answer, self._refusal = StringIO(), StringIO()
        self._thoughts: dict[str, StringIO] = {}
        self._choice: dict[str, Any] | None = None
        self._message: dict[str, Any] | None = None
        self._usage: Any = None
        self._template = StreamTemplate()

    @property
    def is_whole(self) -> bool:
        """Whether the server said how the answer ended."""
        return self.has_ended or bool(self._choice and self._choice.get("finish_reason"))

    def add(self, event: ServerEvent) -> bool:
        """Take a chunk; returns whether it holds text.

        Raises:
            BrokenEventError: It is no JSON.
            FailureEventError: It is an error.
        """
        if taken := self._template.take(event.data):
            self.length += taken
            return True
        if event.data == END:
            self.has_ended = True
            return False
        chunk = read_event(event)
        if chunk is None:
            return False
        is_counted = self._note(chunk)
        choices = chunk.get("choices")
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            return False
        choice = choices[0]
        has_text = self._add_choice(choice, is_all=chunk.get("object") == "chat.completion")
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
                    "content": self._answer.getvalue() or None,
                    "refusal": self._refusal.getvalue() or None,
                    **{name: text.getvalue() for name, text in self._thoughts.items()},
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
                self._answer, self._refusal, self._thoughts = StringIO(), StringIO(), {}
                self._template.forget()
            delta = message
        if isinstance(delta, dict):
            return self._add_delta(delta)
        text = choice.get("text")  # a completion API
        return self._add_delta({"content": text}) if isinstance(text, str) else False

    def _add_delta(self, delta: Mapping[str, Any]) -> bool:
        if self._message is None:
            self._message = {}
        content = delta.get("content")
        text = content if isinstance(content, str) else answer_text(content)
        if text:
            self._answer.write(text)
            self.length += len(text)
        if len(delta) == 1 and isinstance(content, str):
            return bool(text)
        has_thought = self._add_thoughts(delta)
        refusal = delta.get("refusal")
        if isinstance(refusal, str) and refusal:
            self._refusal.write(refusal)
            self.length += len(refusal)
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
        self._thoughts.setdefault(field, StringIO()).write(text)
        self.length += len(text)
