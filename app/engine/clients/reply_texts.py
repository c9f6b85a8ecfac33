"""Takes the text out of a message's content, whatever shape a server gives it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeGuard

_THOUGHTS = frozenset(("thinking", "reasoning", "reasoning.text", "reasoning.summary", "thought"))
_TEXTS = ("text", "content", "value", "parts")
_THOUGHT_TEXTS = ("thinking", "reasoning", "text", "summary", "content")
_REASONING_FIELDS = ("reasoning_content", "reasoning", "thinking")
_REASONING_LISTS = ("reasoning_details", "thinking_blocks")
THOUGHT_FIELDS = (*_REASONING_FIELDS, *_REASONING_LISTS)
"""Where a message may hold the thinking, beside its content; the first that does counts."""

_DEEPEST = 8


def answer_text(content: object) -> str:
    """Return the answer in a content: a text, a list of texts or parts, a part, a JSON value."""
    return _joined(content, thoughts=False)


def thought_text(message: Mapping[str, Any]) -> str:
    """Return what a message says beside its answer: the model's thinking; empty without any.

    Servers name it ``reasoning_content`` (DeepSeek, vLLM, SGLang, xAI, llama.cpp, LiteLLM),
    ``reasoning`` (OpenRouter, Groq, Ollama, newer vLLM), put it into parts of the content
    (Mistral, Anthropic), or send details of it (OpenRouter, LiteLLM).
    """
    for name in THOUGHT_FIELDS:
        if message.get(name):
            found = _thought(message[name])
            if found:
                return found
    content = message.get("content")
    return _joined(content, thoughts=True) if isinstance(content, list | dict) else ""


def refusal_text(message: Mapping[str, Any]) -> str:
    """Return the words of a refusal that a message carries as such; empty without one."""
    content = message.get("content")
    parts = content if isinstance(content, list) else [content]
    said = [part.get("refusal") for part in parts if isinstance(part, dict)]
    return next((text for text in (message.get("refusal"), *said) if _is_words(text)), "")


def _is_words(text: object) -> TypeGuard[str]:
    return isinstance(text, str) and bool(text)


def _joined(content: object, *, thoughts: bool, depth: int = 0) -> str:
    if content is None or depth > _DEEPEST:
        return ""
    if isinstance(content, str):
        return "" if thoughts else content
    if isinstance(content, list):
        return "".join(_joined(part, thoughts=thoughts, depth=depth + 1) for part in content)
    if isinstance(content, dict):
        if content.get("type") in _THOUGHTS or content.get("thought") is True:
            return _thought(content) if thoughts else ""
        known = next((name for name in _TEXTS if name in content), None)
        if known is not None:
            return _joined(content[known], thoughts=thoughts, depth=depth + 1)
        if thoughts or "type" in content:  # an image, a tool's use, a refusal
            return ""
    return "" if thoughts else json.dumps(content, ensure_ascii=False)


def _thought(value: object, depth: int = 0) -> str:
    if depth > _DEEPEST:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(_thought(part, depth + 1) for part in value)
    if isinstance(value, dict):
        known = next((value[name] for name in _THOUGHT_TEXTS if value.get(name)), None)
        return _thought(known, depth + 1)
    return ""
