"""Reads an answer of OpenAI's chat completions API and of the many servers that resemble it.

Pure: a parsed body in, a reply out. What arrives in pieces is put together into such a body
first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.engine.clients.finish_reasons import read_ending
from app.engine.clients.reply_failures import ReplyFailed
from app.engine.clients.reply_texts import answer_text, refusal_text, thought_text
from app.engine.clients.token_usage import openai_usage
from app.engine.types import FinishReason, ModelReply, TokenUsage


def read_completion(payload: Mapping[str, Any], call_id: str | None = None) -> ModelReply | None:
    """Return the first choice of a body; ``None`` where it holds no completion.

    Args:
        payload: The body, with ``choices``.
        call_id: The provider's id of the call, from the headers; else the body's is taken.

    Raises:
        ReplyFailed: The provider says that the generation failed.
    """
    if not payload.get("choices"):
        return _blocked(payload, call_id)
    choice = payload["choices"][0]
    ending = read_ending(choice.get("finish_reason"))
    if ending.failure is not None:
        raise ReplyFailed(ending.failure, ending.said)
    message = _message(choice)
    content = message.get("content")
    text, reasoning = answer_text(content), thought_text(message)
    finish: FinishReason = ending.reason
    if not text:
        refused = refusal_text(message)
        if refused:
            text, finish = refused, "refusal"
        elif message.get("tool_calls") or message.get("function_call"):
            raise ReplyFailed("tool_call", ending.said)
        elif not reasoning and _is_nothing(finish, choice):
            return None
    return ModelReply(
        text=text,
        finish_reason=finish,
        usage=completion_usage(payload),
        request_id=call_id or payload.get("id"),
        reasoning=reasoning,
        model=payload.get("model"),
        fingerprint=payload.get("system_fingerprint"),
        ending=ending.said,
    )


def completion_usage(payload: Mapping[str, Any]) -> TokenUsage:
    """Return the tokens that a body reports, of an answer or of what failed."""
    return openai_usage(payload.get("usage") or payload.get("usageMetadata"))


def _message(choice: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the message of a choice; that of a completion API is its bare text."""
    message = choice.get("message")
    if isinstance(message, dict):
        return message
    text = message if message is not None else choice.get("text")
    return {"content": text}


def _is_nothing(finish: FinishReason, choice: Mapping[str, Any]) -> bool:
    """Return whether a choice without text is no answer at all, rather than an empty one."""
    if finish in ("content_filter", "refusal", "length"):
        return False
    return finish == "unknown" or (choice.get("message") is None and "text" not in choice)


def _blocked(payload: Mapping[str, Any], call_id: str | None) -> ModelReply | None:
    feedback = payload.get("promptFeedback")
    if isinstance(feedback, dict) and feedback.get("blockReason"):
        said = read_ending(feedback["blockReason"]).said
        return ModelReply("", "content_filter", completion_usage(payload), call_id, ending=said)
    return None
