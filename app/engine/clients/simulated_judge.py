"""A simulated judge: compares texts, so that judged benchmarks can be tried without a key.

It reads the prompts of our judged scorers and grades by comparing words. It may only judge
simulated runs: its verdicts say nothing about any real answer.
"""

from __future__ import annotations

import re
from threading import Event

from app.engine.clients.simulated_replies import token_count
from app.engine.types import ModelReply, ModelRequest
from app.net.errors import Canceled

_GRADED = re.compile(
    r".*^Gold target: (?P<target>.*?)\nPredicted answer: (?P<answer>.*?)\n```", re.S | re.M
)
_COMPARED = re.compile(r".*Expression 1: (?P<target>.*?)\n+ *Expression 2: (?P<answer>.*)", re.S)
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
        return ModelReply(text, input_tokens=token_count(prompt), output_tokens=token_count(text))

    def close(self) -> None:
        """Do nothing: there are no connections."""


def _grade(prompt: str) -> str:
    if match := _GRADED.match(prompt):
        if not match["answer"].strip():
            return "C"
        return "A" if _contains(match["answer"], match["target"]) else "B"
    if match := _COMPARED.match(prompt):
        return "Yes" if _words(match["answer"]) == _words(match["target"]) else "No"
    return "I cannot grade this."


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _contains(answer: str, target: str) -> bool:
    return f" {' '.join(_words(target))} " in f" {' '.join(_words(answer))} "
