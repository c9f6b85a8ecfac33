"""Leaving out what a model thought aloud: a ``<think>…</think>`` block is not part of its answer.

Servers without a reasoning parser put the block into the text. Both references take one block
out before they score, and strip what is left: inspect_ai 0.3.285 the first one that is closed as
often as it is opened, 0.3.125 (which openbench uses) everything from the first tag to the next
closing one. A block that is never closed stays. All scans are linear.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from app.engine.types import Sample, Scorer, Verdict

_TAG = re.compile("<(/?)think")
_CLOSING = "</think>"
# Only these attributes, in this order, make a tag for openbench's inspect_ai.
_PLAIN_TAG = re.compile(r'<think(?:\s+signature="[^"]*")?(?:\s+redacted="true")?\s*+>')


def without_balanced_thought(text: str) -> str:
    """Return ``text`` without its first balanced block, else without its first closed one."""
    tags = list(_tags(text))
    span = _balanced(tags) or _first_closed(text, tags)
    return text if span is None else _cut(text, *span)


def without_first_thought(text: str) -> str:
    """Return ``text`` without the first opening tag and all up to the next closing one."""
    opening = _PLAIN_TAG.search(text)
    closing = text.find(_CLOSING, opening.end()) if opening else -1
    if opening is None or closing < 0:
        return text
    return _cut(text, opening.start(), closing + len(_CLOSING))


def scoring_the_answer(scorer: Scorer, visible: Callable[[str], str]) -> Scorer:
    """Return ``scorer``, given only what ``visible`` leaves of a completion."""

    def score(completion: str, sample: Sample) -> Verdict:
        return scorer(visible(completion), sample)

    return score


def _cut(text: str, start: int, end: int) -> str:
    return (text[:start] + text[end:]).strip()


def _tags(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yield start, end and whether it opens, of every tag; attributes reach to the next ``>``."""
    read = 0
    for tag in _TAG.finditer(text):
        if tag.start() < read:
            continue
        if tag.group(1):
            if text.startswith(">", tag.end()):
                read = tag.end() + 1
                yield tag.start(), read, False
            continue
        end = text.find(">", tag.end())
        if end < 0:
            return  # no later tag can end either
        read = end + 1
        yield tag.start(), read, True


def _balanced(tags: list[tuple[int, int, bool]]) -> tuple[int, int] | None:
    first: int | None = None
    depth = 0
    for start, end, opens in tags:
        if opens:
            first = start if first is None else first
            depth += 1
        elif first is not None:
            depth -= 1
            if depth == 0:
                return first, end
    return None


def _first_closed(text: str, tags: list[tuple[int, int, bool]]) -> tuple[int, int] | None:
    for start, end, opens in tags:
        if opens:
            closing = text.find(_CLOSING, end)
            return None if closing < 0 else (start, closing + len(_CLOSING))
    return None
