"""Previews of prompts: the question, without the instructions around it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

PREVIEW_CHARACTERS = 160
_QUESTION = re.compile(r"\{(?:question|prompt|problem|context|passage|sentence|goal|input)\}")


def question_paragraph(template: str) -> int:
    """Return how many paragraphs of a prompt precede its question.

    Examples in the prompt may be any number of paragraphs; behind them the place of the
    question is not known, and the answer is 0.
    """
    for number, paragraph in enumerate(template.split("\n\n")):
        if _QUESTION.search(paragraph):
            return number
        if "{examples}" in paragraph or "{fewshot}" in paragraph:
            return 0
    return 0


def preview(messages: Sequence[Mapping[str, Any]], skip: int = 0) -> str:
    """Return the beginning of the last message's question, on one line.

    Args:
        messages: The prompt.
        skip: Paragraphs before the question, see `question_paragraph`.
    """
    text = str(messages[-1]["content"]) if messages else ""
    paragraphs = text.split("\n\n", skip)
    line = " ".join(paragraphs[-1 if len(paragraphs) > skip else 0][:2000].split())
    if len(line) <= PREVIEW_CHARACTERS:
        return line
    return line[: PREVIEW_CHARACTERS - 2].rsplit(" ", 1)[0] + " …"
