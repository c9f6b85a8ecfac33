"""Limits the memory of a run's calls, from the prompt until the answer is recorded."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from app.engine.types import Sample
from app.net.byte_budget import UNBOUNDED, ByteBudget, ByteShare

_PROMPTS_BYTES = 64_000_000
_ANSWERS_BYTES = 96_000_000
_COPIES_OF_PROMPT = 4
_COPIES_OF_TEXT = 3


@dataclass(frozen=True, slots=True)
class CallMemory:
    """One run's shares. Prompts are reserved before answers, and answers released first.

    Attributes:
        prompts: For what is sent.
        answers: For what comes back.
    """

    prompts: ByteShare = UNBOUNDED
    answers: ByteShare = UNBOUNDED

    def close(self) -> None:
        """Release all that the run still holds; other runs of the process go on."""
        self.answers.close()
        self.prompts.close()


class WorkerMemory:
    """The budgets that all runs of a worker process share."""

    def __init__(self, prompts: int = _PROMPTS_BYTES, answers: int = _ANSWERS_BYTES) -> None:
        self._prompts, self._answers = ByteBudget(prompts), ByteBudget(answers)

    def of_run(self) -> CallMemory:
        """Return the shares of one more run."""
        return CallMemory(self._prompts.share(), self._answers.share())


def prompt_bytes(sample: Sample) -> int:
    """Return the memory of a sample while its prompt is sent: text, JSON and bytes."""
    return _COPIES_OF_PROMPT * sample.chars


def text_bytes(text: str) -> int:
    """Return the memory of an answer until it is recorded: text, row and bytes."""
    return _COPIES_OF_TEXT * sys.getsizeof(text)
