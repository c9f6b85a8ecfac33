"""Messages and multiple-choice prompts that several benchmarks share.

The wording is the references': a changed word changes the score.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Sequence

from app.engine.types import Message

INSPECT_CHOICE = (
    "Answer the following multiple choice question. The entire content of your response should "
    "be of the following format: 'ANSWER: $LETTER' (without quotes) where LETTER is one of "
    "{letters}.\n\n{question}\n\n{choices}"
)
"""inspect_ai's prompt for a single letter."""

INSPECT_CHOICE_REASONED = (
    "Answer the following multiple choice question. The last line of your response should be of "
    "the following format: 'ANSWER: $LETTER' (without quotes) where LETTER is one of {letters}. "
    "Think step by step before answering.\n\n{question}\n\n{choices}"
)
"""inspect_ai's prompt with a chain of thought."""

OPENBENCH_CHOICE = (
    "Answer the following multiple choice question. The last line of your response should be of "
    "the following format: 'Answer: $LETTER' (without quotes) where LETTER is one of {letters}:"
    "\n\n{question}\n\n{choices}"
)
"""openbench's prompt for any number of options."""

OPENBENCH_CHOICE_ABCD = (
    "Answer the following multiple choice question. The last line of your response should be of "
    "the following format: 'Answer: $LETTER' (without quotes) where LETTER is one of ABCD."
    "\n\n{question}\n\n{choices}"
)
"""openbench's prompt for four options (MMLU, GPQA), from OpenAI's simple-evals."""


def user(content: str) -> tuple[Message, ...]:
    """Return a conversation of one user message."""
    return ({"role": "user", "content": content},)


def system_and_user(system: str, content: str) -> tuple[Message, ...]:
    """Return a conversation of a system message and a user message."""
    return ({"role": "system", "content": system}, {"role": "user", "content": content})


def letter(index: int) -> str:
    """Return the letter of option ``index``: 0 is ``A``.

    Raises:
        ValueError: There is no such letter.
    """
    if not 0 <= index < len(string.ascii_uppercase):
        raise ValueError(f"option {index} has no letter")
    return string.ascii_uppercase[index]


def lettered(choices: Sequence[str]) -> str:
    """Return the options one a line, as ``A) text``."""
    return "\n".join(f"{letter(index)}) {choice}" for index, choice in enumerate(choices))


def choice_prompt(
    question: str, choices: Sequence[str], template: str = INSPECT_CHOICE, separator: str = ","
) -> str:
    """Fill ``template``, which may use ``{letters}``, ``{question}`` and ``{choices}``."""
    letters = separator.join(letter(index) for index in range(len(choices)))
    return template.format(letters=letters, question=question, choices=lettered(choices))


def openbench_choice_prompt(question: str, choices: Sequence[str]) -> str:
    """Return openbench's multiple-choice prompt."""
    return choice_prompt(question, choices, OPENBENCH_CHOICE, separator=", ")


def split_answers(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the distinct accepted answers, in order.

    openbench joins them with ``|`` and splits them again, so that a bar inside an answer divides
    it: the score needs the same parts.
    """
    parts = (part.strip() for text in texts for part in text.split("|"))
    return tuple(dict.fromkeys(part for part in parts if part))
