"""The model behind the seeded runs: a real server whose answers are the same every time."""

from __future__ import annotations

import zlib
from threading import Event

from tests.fakes.model_server import Answer, Call
from tests.seed.questions import ALL, CITIES, Question

SKILL = {"gpt-4o-mini": 78, "gpt-4.1": 96}
"""Share of right answers in percent; 62 for any other model."""

LONG_WINDED = "o4-mini"
"""A model whose answers are longer than a page shows."""

THOUGHT = "Let me see. Which of them is it? I go through them once more, one after the other. " * 9
HOSTILE = "<script>alert(1)</script> & <b>bold</b>"


class Answers:
    """Answers a call by its question; can also say when enough calls were made."""

    def __init__(self) -> None:
        self._left = 0
        self._enough = Event()

    def stop_after(self, calls: int) -> Event:
        """Return an event that is set when ``calls`` further calls were answered."""
        self._left, self._enough = calls, Event()
        return self._enough

    def __call__(self, call: Call) -> str | Answer:
        """Answer one call."""
        self._left -= 1
        if self._left == 0:
            self._enough.set()
        if "grade" in call.prompt.lower() and "CORRECT" in call.prompt:
            return "A" if len(call.prompt) % 3 else "B"
        found = (number for number, each in enumerate(ALL) if each.text in call.prompt)
        number = next(found, None)
        return "ANSWER: 4" if number is None else _answer(call.model, number)


def _answer(model: str, number: int) -> str | Answer:
    question = ALL[number]
    if number % 20 == 13:
        return Answer(text="I cannot help with that.", finish_reason="content_filter")
    if number % 20 == 17:
        return Answer(text="First I write down what is given: " * 12, finish_reason="length")
    if number % 20 == 19:
        return "That depends on what is meant."
    right = zlib.crc32(f"{model} {number}".encode()) % 100 < SKILL.get(model, 62)
    answer = question.right if right else question.wrong
    if question in CITIES:
        place = CITIES.index(question)
        answer = "AB"[(place % 2 == 0) == right]
    if model == LONG_WINDED:
        return "I check every number once more. " * 900 + f"\n\nANSWER: {answer}"
    return _worded(question, answer, number)


def _worded(question: Question, answer: str, number: int) -> str:
    if not question.category and not answer[0].isdigit():
        return answer  # short answers are compared as they are
    shown = HOSTILE if number % 20 == 2 else "**one** step after the other"
    label = "Answer" if answer[0].isdigit() and number % 3 else "ANSWER"
    thought = f"<think>{THOUGHT}</think>\n\n" if number % 20 == 7 else ""
    sum_of_all = " + ".join(f"a_{{{step}}}" for step in range(30))  # wider than a phone
    return (
        f"{thought}I do it in {shown}:\n\n1. What is asked?\n2. The answer.\n\n"
        f"It is ${sum_of_all}$.\n\n{label}: {answer}"
    )
