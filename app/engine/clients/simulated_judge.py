"""A simulated judge: compares texts, so that judged benchmarks can be tried without a key.

It reads the prompts of our judged scorers and grades by comparing words. It may only judge
simulated runs: its verdicts say nothing about any real answer.
"""

from __future__ import annotations

import re
from threading import Event

from app.engine.clients.simulated_replies import token_count
from app.engine.types import ModelReply, ModelRequest, TokenUsage
from app.net.call_errors import Canceled

_GOLD, _PREDICTED, _FENCE = "\nGold target: ", "\nPredicted answer: ", "\n```"
_FIRST = "Expression 1: "
_SECOND = re.compile(r"\n *Expression 2: ")
_WORD = re.compile(r"\w+")


class SimulatedJudge:
    """A ``ModelClient`` that grades by comparing words, and calls nobody."""

    def complete(self, request: ModelRequest, cancel: Event) -> ModelReply:
        """Return the grade in the form that the prompt asks for.

        Raises:
            Canceled: ``cancel`` is set.
        """
        if cancel.is_set():
            raise Canceled
        prompt = request.sample.messages[-1]["content"]
        text = _grade(prompt)
        return ModelReply(text, usage=TokenUsage(token_count(prompt), token_count(text)))

    def close(self) -> None:
        """Do nothing: there are no connections."""


def _grade(prompt: str) -> str:
    if graded := _graded_texts(prompt):
        target, answer = graded
        if not answer.strip():
            return "C"
        return "A" if _contains(answer, target) else "B"
    if compared := _compared_texts(prompt):
        target, answer = compared
        return "Yes" if _words(answer) == _words(target) else "No"
    return "I cannot grade this."


def _graded_texts(prompt: str) -> tuple[str, str] | None:
    """Return target and answer of a prompt that asks for a grade: the last that it holds."""
    predicted = prompt.rfind(_PREDICTED, 0, max(0, prompt.rfind(_FENCE)))
    start = prompt.rfind(_GOLD, 0, max(0, predicted))
    if start < 0:
        return None
    target, _, rest = prompt[start + len(_GOLD) :].partition(_PREDICTED)
    return target, rest.partition(_FENCE)[0]


def _compared_texts(prompt: str) -> tuple[str, str] | None:
    """Return the two expressions of a prompt that asks whether they are equal: the last pair."""
    seconds = [(found.start(), found.end()) for found in _SECOND.finditer(prompt)]
    start = prompt.rfind(_FIRST, 0, seconds[-1][0]) if seconds else -1
    if start < 0:
        return None
    start += len(_FIRST)
    end, answer = next(each for each in seconds if each[0] >= start)
    return prompt[start:end].rstrip("\n"), prompt[answer:]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _contains(answer: str, target: str) -> bool:
    return f" {' '.join(_words(target))} " in f" {' '.join(_words(answer))} "
