"""Finds the question of a prompt, without the instructions and examples around it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

PREVIEW_CHARACTERS = 160
_PLACE = re.compile(r"\{(\w++)\}")
_QUESTIONS = frozenset(
    ("question", "prompt", "problem", "context", "passage", "sentence", "goal", "input")
)
_EXAMPLES = frozenset(("examples", "fewshot"))


@dataclass(frozen=True, slots=True)
class PromptShape:
    """What stands around the question in the prompts of a template.

    Attributes:
        head: The text before the question, where it is the same in all prompts.
        mark: The last paragraph of fixed text before the question; examples may precede it.
        skip: Paragraphs from the beginning of ``mark`` to the question.
        paragraphs: The same from the beginning of the prompt; 0: not known.
        tail: The text behind the question and its options.
    """

    head: str = ""
    mark: str = ""
    skip: int = 0
    paragraphs: int = 0
    tail: str = ""

    def question_in(self, messages: Sequence[Mapping[str, Any]]) -> str:
        """Return the question with its options; the whole last message where it is not found."""
        text = str(messages[-1]["content"]) if messages else ""
        if self.tail and text.endswith(self.tail) and len(text) > len(self.tail):
            text = text[: -len(self.tail)]
        if self.head and text.startswith(self.head):
            return text[len(self.head) :].strip()
        start = text.rfind(self.mark) if self.mark else -1
        if start >= 0:
            if not self.skip:
                return text[start + len(self.mark) :].strip()
            return _without_first(text[start:], self.skip).strip()
        return _without_first(text, self.paragraphs).strip()


WHOLE = PromptShape()
"""Of prompts without a template: all of it is the question."""


@lru_cache(maxsize=128)
def shape_of(template: str) -> PromptShape:
    """Return what stands around the question in the prompts of a template."""
    places = list(_PLACE.finditer(template))
    after_examples = max((each.end() for each in places if each[1] in _EXAMPLES), default=0)
    question = next(
        (each for each in places if each[1] in _QUESTIONS and each.start() >= after_examples), None
    )
    if question is None:
        return WHOLE
    head = template[: question.start()]
    tail = _plain(template[places[-1].end() :])
    behind = head[after_examples:]
    at, mark = _last_fixed(behind)
    return PromptShape(
        head="" if _PLACE.search(head) else _plain(head),
        mark=_plain(mark),
        skip=behind[at:].count("\n\n"),
        paragraphs=0 if after_examples else head.count("\n\n"),
        tail=tail,
    )


def _last_fixed(head: str) -> tuple[int, str]:
    """Return where the last paragraph with fixed text begins, and its text up to a place."""
    at = len(head)
    for paragraph in reversed(head.split("\n\n")):
        at -= len(paragraph)
        begin = at + len(paragraph) - len(paragraph.lstrip())
        fixed = _PLACE.split(paragraph, maxsplit=1)[0].lstrip()
        if fixed.strip():
            return begin, fixed
        at -= 2
    return 0, ""


def _plain(text: str) -> str:
    """Return text of a template as it stands in prompts: doubled braces are single ones."""
    return text.replace("{{", "{").replace("}}", "}")


def _without_first(text: str, number: int) -> str:
    parts = text.split("\n\n", number)
    return parts[-1] if len(parts) > number else text


def preview(messages: Sequence[Mapping[str, Any]], shape: PromptShape = WHOLE) -> str:
    """Return the beginning of a prompt's question, on one line."""
    return preview_of(shape.question_in(messages))


def preview_of(question: str) -> str:
    """Return the beginning of a question, on one line."""
    line = " ".join(question[:2000].split())
    if len(line) <= PREVIEW_CHARACTERS:
        return line
    return line[: PREVIEW_CHARACTERS - 2].rsplit(" ", 1)[0] + " …"
