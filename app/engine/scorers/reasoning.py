"""Leaving out what a model thought aloud: a ``<think>…</think>`` block is not part of its answer.

Servers without a reasoning parser put the block into the text. Both references take one block
out before they score, and strip what is left: inspect_ai 0.3.285 the first one that is closed as
often as it is opened, 0.3.125 (which openbench uses) everything from the first tag to the next
closing one. A block that is never closed stays.

A text whose first tag is a closing one was thought up to there: the chat template wrote the
opening tag (DeepSeek-R1, QwQ). The references leave such a text whole; here it is cut for all,
since no protocol means to grade thoughts. Readings of our own, those of judges' replies among
them, leave out all thoughts (:func:`split_thoughts`). All scans are linear.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.engine.types import Sample, Scorer, Verdict

_TAG = re.compile("<(/?)think")
_CLOSING = "</think>"
# Only these attributes, in this order, make a tag for openbench's inspect_ai.
_PLAIN_TAG = re.compile(r'<think(?:\s+signature="[^"]*")?(?:\s+redacted="true")?\s*+>')
_NAMES = "think|thinking|thoughts?|reasoning|seed:think"
_ANY_TAG = re.compile(
    rf"<(/?)(?:{_NAMES})(?:\s[^<>]*)?>|\[(/?)THINK\]|◁(/?)think▷"
    r"|<\|(?:begin_of_thought|end_of_thought|START_THINKING|END_THINKING)\|>",
    re.IGNORECASE,
)
_LAST_MARK = re.compile(r"<\|(?:return|end|call)\|>$")

_ENDS = (">", "]", "▷")
"""What tags end with."""

_WRAPPER = re.compile(r"<\|(?:(?:begin|end)_of_solution|(?:START|END)_RESPONSE)\|>")
_FINAL = re.compile(r"<\|channel\|>final\b[^<]{0,40}<\|message\|>|(?<=[\w.!?)])assistantfinal")
_ANALYSIS = re.compile(r"\s*+(?:<\|start\|>assistant)?(<\|channel\|>)?analysis")
"""The channels of gpt-oss, where a server leaves them in the text, with or without their marks."""


@dataclass(frozen=True, slots=True)
class Thoughts:
    """A text, divided.

    Attributes:
        reasoning: What was thought; empty where nothing was.
        answer: The rest.
    """

    reasoning: str
    answer: str


def split_thoughts(text: str) -> Thoughts:
    """Return what a text says and what was only thought, whatever the model's tags are.

    All blocks are thoughts; so is what comes before a closing tag that nothing opens, and what
    follows an opening tag that nothing closes.
    """
    if channel := _ANALYSIS.match(text):
        final = _FINAL.search(text)
        if final:
            answer = _LAST_MARK.sub("", text[final.end() :].strip()).strip()
            return Thoughts(text[: final.start()].strip(), answer)
        if channel[1]:  # with its mark; else it may be the first word of an answer
            return Thoughts(text.strip(), "")
    thought: list[str] = []
    said: list[str] = []
    depth = read = 0
    for tag in _ANY_TAG.finditer(text):
        part = text[read : tag.start()]
        read = tag.end()
        if "/" in tag[0] or "end_" in tag[0].lower():
            if not depth:  # all before it was thought, too
                thought += said
                said.clear()
            thought.append(part)
            depth = max(0, depth - 1)
        else:
            (thought if depth else said).append(part)
            depth += 1
    (thought if depth else said).append(text[read:])
    answer = _WRAPPER.sub("", "".join(said)).strip() if read else text
    return Thoughts("".join(thought).strip(), answer)


def is_all_thought(text: str) -> bool:
    """Return whether nothing stands outside of what a text thinks; quick where that cannot be."""
    shown = text.strip()
    if not (_ANY_TAG.match(shown) or shown.endswith(_ENDS) or _ANALYSIS.match(shown)):
        return False
    return not split_thoughts(shown).answer


def without_thoughts(text: str) -> str:
    """Return the answer in a text, without any thoughts."""
    return split_thoughts(text).answer


def after_lone_closing(text: str) -> str:
    """Return what follows the closing tag that comes first; the text where an opening one does."""
    closing = text.find(_CLOSING)
    if closing < 0 or _TAG.search(text, 0, closing):
        return text
    return text[closing + len(_CLOSING) :].strip()


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
