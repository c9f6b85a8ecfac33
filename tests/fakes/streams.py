"""Streamed answers, as OpenAI's and Anthropic's APIs send them: one ``bytes`` for each event."""

from __future__ import annotations

import json
import re
from typing import Any

DONE = b"data: [DONE]\n\n"


def event(body: Any, name: str | None = None) -> bytes:
    """Return one event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(body)}\n\n".encode()


def tokens_of(text: str) -> list[str]:
    """Return a text in the pieces in which it is streamed."""
    return re.findall(r"\s*\S{1,6}|\s+$", text)


def chunk(delta: dict[str, Any] | None, finish: str | None = None, **fields: Any) -> bytes:
    """Return a chunk of a chat completion; without a ``delta`` it has no choice."""
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_760_000_000,
        "model": "fake-large",
        "system_fingerprint": "fp_fake",
        "choices": [] if delta is None else [choice],
        **fields,
    }
    return event(body)


def completion(
    text: str,
    finish: str | None = "stop",
    *,
    model: str = "fake-large",
    usage: dict[str, Any] | None = None,
    thought: str = "",
) -> list[bytes]:
    """Return the events of a chat completion; ``usage`` comes in a chunk of its own."""
    said = {"model": model}
    return [
        chunk({"role": "assistant", "content": ""}, **said),
        *(chunk({"reasoning_content": piece}, **said) for piece in tokens_of(thought)),
        *(chunk({"content": piece}, **said) for piece in tokens_of(text)),
        chunk({}, finish, **said),
        *([chunk(None, usage=usage, **said)] if usage else []),
        DONE,
    ]


def message(
    text: str,
    stop: str | None = "end_turn",
    *,
    model: str = "fake-large",
    usage: tuple[int, int] = (20, 10),
    thought: str = "",
) -> list[bytes]:
    """Return the events of a message of Anthropic's API."""
    start: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "usage": {"input_tokens": usage[0], "cache_read_input_tokens": 0, "output_tokens": 1},
    }
    blocks = [("thinking", thought)] * bool(thought) + [("text", text)]
    return [
        event({"type": "message_start", "message": start}, "message_start"),
        event({"type": "ping"}, "ping"),
        *(part for index, (kind, said) in enumerate(blocks) for part in _block(index, kind, said)),
        event(
            {
                "type": "message_delta",
                "delta": {"stop_reason": stop, "stop_sequence": None},
                "usage": {"output_tokens": usage[1]},
            },
            "message_delta",
        ),
        event({"type": "message_stop"}, "message_stop"),
    ]


def _block(index: int, kind: str, text: str) -> list[bytes]:
    deltas: list[dict[str, Any]] = [
        {"type": f"{kind}_delta", kind: piece} for piece in tokens_of(text)
    ]
    if kind == "thinking":
        deltas.append({"type": "signature_delta", "signature": "c2ln"})
    start: dict[str, Any] = {
        "type": "content_block_start",
        "index": index,
        "content_block": {"type": kind, kind: ""},
    }
    return [
        event(start, "content_block_start"),
        *(
            event(
                {"type": "content_block_delta", "index": index, "delta": delta},
                "content_block_delta",
            )
            for delta in deltas
        ),
        event({"type": "content_block_stop", "index": index}, "content_block_stop"),
    ]


def streamed(body: dict[str, Any]) -> list[bytes] | None:
    """Return the events of an answer that was made to be sent at once; ``None``: there are none."""
    if body.get("type") == "message":
        return _streamed_message(body)
    if not body.get("choices"):
        return None
    choice = body["choices"][0]
    head = {name: body.get(name) for name in ("id", "model", "system_fingerprint")}
    message = choice.get("message")
    said = message if isinstance(message, dict) else {"content": message}
    deltas = [] if message is None else _deltas(said)
    more = {name: choice[name] for name in choice if name not in ("message", "finish_reason")}
    last = {"index": 0, **more, "delta": {}, "finish_reason": choice.get("finish_reason")}
    if message is None:
        del last["delta"]
    return [
        *(chunk(delta, **head) for delta in deltas),
        event({"object": "chat.completion.chunk", **head, "choices": [last]}),
        *([chunk(None, **head, usage=body["usage"])] if body.get("usage") else []),
        DONE,
    ]


def _deltas(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a message in the pieces of a stream: texts by token, lists by part."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    for name, value in message.items():
        if isinstance(value, str) and name != "role":
            deltas += [{name: piece} for piece in tokens_of(value)]
        elif isinstance(value, list):
            deltas += [{name: [part]} for part in value]
        elif name != "role":
            deltas.append({name: value})
    return deltas


def _streamed_message(body: dict[str, Any]) -> list[bytes]:
    counted = body["usage"]
    begun = counted and {**counted, "output_tokens": 1}
    start = {**body, "content": [], "stop_reason": None, "usage": begun}
    parts = [event({"type": "message_start", "message": start}, "message_start")]
    for index, block in enumerate(body["content"]):
        parts += _block_of(index, block)
    end = {"stop_reason": body["stop_reason"], "stop_sequence": None}
    usage = counted and {"output_tokens": counted["output_tokens"]}
    return [
        *parts,
        event({"type": "message_delta", "delta": end, "usage": usage}, "message_delta"),
        event({"type": "message_stop"}, "message_stop"),
    ]


def _block_of(index: int, block: dict[str, Any]) -> list[bytes]:
    kind = block["type"]
    if kind in ("text", "thinking"):
        return _block(index, kind, block[kind])
    start = {"type": "content_block_start", "index": index, "content_block": {**block, "input": {}}}
    delta = {"type": "input_json_delta", "partial_json": json.dumps(block.get("input"))}
    return [
        event(start, "content_block_start"),
        event(
            {"type": "content_block_delta", "index": index, "delta": delta}, "content_block_delta"
        ),
        event({"type": "content_block_stop", "index": index}, "content_block_stop"),
    ]
