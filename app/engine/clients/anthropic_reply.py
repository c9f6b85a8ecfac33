"""Reads an answer of Anthropic's messages API and of servers that resemble it.

Pure: a parsed body in, a reply out. What arrives in pieces is put together into such a body
first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.engine.clients.finish_reasons import read_ending
from app.engine.clients.reply_failures import ReplyFailed
from app.engine.clients.reply_texts import answer_text, thought_text
from app.engine.clients.token_usage import anthropic_usage
from app.engine.types import ModelReply


def read_message(payload: Mapping[str, Any], call_id: str | None = None) -> ModelReply | None:
    """Return the text blocks, joined; ``None`` for an answer without blocks or reason.

    Args:
        payload: The body, with ``content``.
        call_id: The provider's id of the call, from the headers; else the body's is taken.

    Raises:
        ReplyFailed: The provider says that the generation failed.
    """
    ending = read_ending(payload.get("stop_reason"))
    if ending.failure is not None:
        raise ReplyFailed(ending.failure, ending.said)
    blocks = payload.get("content")
    if blocks is None and ending.reason not in ("content_filter", "refusal", "length"):
        return None
    text, reasoning = answer_text(blocks), thought_text({"content": blocks})
    if not text and isinstance(blocks, list) and any(_is_tool_use(block) for block in blocks):
        raise ReplyFailed("tool_call", ending.said)
    if not (text or reasoning) and ending.reason == "unknown":
        return None
    return ModelReply(
        text=text,
        finish_reason=ending.reason,
        usage=anthropic_usage(payload.get("usage")),
        request_id=call_id or payload.get("id"),
        reasoning=reasoning,
        model=payload.get("model"),
        ending=ending.said,
    )


def _is_tool_use(block: object) -> bool:
    return isinstance(block, dict) and "tool_use" in str(block.get("type"))
