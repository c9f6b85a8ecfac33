"""Puts the events of a streamed message together into the body of one sent at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.engine.clients.reply_texts import answer_text, thought_text
from app.engine.clients.reply_values import as_object
from app.engine.clients.stream_parts import StreamParts, text_in
from app.net.sse import ServerEvent

_THINKING = ("thinking", "redacted_thinking")


class MessageParts(StreamParts):
    """The events of one message so far."""

    def __init__(self) -> None:
        super().__init__()
        self._message: dict[str, Any] = {}
        self._usage: dict[str, Any] = {}
        self._answer, self._thoughts = bytearray(), bytearray()
        self._tool: dict[str, Any] | None = None

    @property
    def is_whole(self) -> bool:
        """Whether the server said how the message ended."""
        return self.has_ended or bool(self._message.get("stop_reason"))

    def _take(self, body: Mapping[str, Any], event: ServerEvent) -> bool:
        kind = body.get("type") or event.name.decode("latin-1")
        if kind in ("content_block_delta", "content_block_start"):
            block = as_object(body.get("delta") or body.get("content_block"))
            has_text = self._add_block(block)
            if has_text:
                self._learn(event, block)
            return has_text
        if kind == "message_start":
            return self._begin(as_object(body.get("message")))
        if kind == "message_delta":
            self._end(as_object(body.get("delta")), body.get("usage"))
        self.has_ended = kind == "message_stop"
        return False

    def payload(self) -> dict[str, Any]:
        """Return the body of the message."""
        blocks: list[dict[str, Any]] = []
        if thoughts := text_in(self._thoughts):
            blocks.append({"type": "thinking", "thinking": thoughts})
        if answer := text_in(self._answer):
            blocks.append({"type": "text", "text": answer})
        if self._tool is not None:
            blocks.append(self._tool)
        return {"type": "message", **self._message, "content": blocks, "usage": self._usage}

    def _begin(self, message: Mapping[str, Any]) -> bool:
        for name in ("id", "model", "stop_reason"):
            if message.get(name):
                self._message[name] = message[name]
        counts = dict(as_object(message.get("usage")))
        if not message.get("stop_reason"):
            counts.pop("output_tokens", None)  # of what is still to be written
        self._count(counts)
        blocks = message.get("content")
        return any(
            [self._add_block(block) for block in blocks if isinstance(block, dict)]
            if isinstance(blocks, list)
            else ()
        )

    def _add_block(self, block: Mapping[str, Any]) -> bool:
        """Take a block, or a part of one: its type says which, and what is in it."""
        kind = str(block.get("type"))
        if "tool_use" in kind:
            self._tool = {"type": "tool_use"}
            return False
        if kind in ("text", "text_delta"):
            text = answer_text(block.get("text"))
            self._write(self._answer, text)
        else:
            text = thought_text({"content": [{**block, "type": kind.removesuffix("_delta")}]})
            self._write(self._thoughts, text)
            self.has_thoughts = self.has_thoughts or bool(text)
            self.hides_thoughts = not self.has_thoughts and (
                self.hides_thoughts or kind in _THINKING
            )
        return bool(text)

    def _learn(self, event: ServerEvent, delta: Mapping[str, Any]) -> None:
        """Expect further events like this one."""
        for name, sink in (("text", self._answer), ("thinking", self._thoughts)):
            if delta.get("type") == f"{name}_delta" and isinstance(delta.get(name), str):
                self._template.learn(event.data, name.encode(), delta[name], sink)

    def _end(self, delta: Mapping[str, Any], usage: object) -> None:
        if delta.get("stop_reason"):
            self._message["stop_reason"] = delta["stop_reason"]
        self._count(usage or delta.get("usage"))

    def _count(self, usage: object) -> None:
        """Take a count of tokens: a later one has what became of an earlier, but not all fields.

        Counts only grow; servers that resemble the API's send zeros for what they told before.
        """
        for name, count in as_object(usage).items():
            if count or (count is not None and name not in self._usage):
                self._usage[name] = count
