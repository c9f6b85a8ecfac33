"""Scoring takes time in proportion to the answer, whatever a model writes: answers may be huge."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import product

import pytest

from app.engine.scorers import scorer_registry
from app.engine.scorers.code_fences import (
    extract_fenced,
    extract_fenced_body,
    extract_python_fence,
    extract_tagged,
)
from app.engine.types import Message, ModelReply, Sample, Verdict

pytestmark = pytest.mark.no_cover  # it measures; tracing takes several times as long as the work

_SHORT, _LONG = 20_000, 160_000
_LONGEST_S = 2.0  # of CPU, for the long text; linear time is 0.01 to 0.5 s
_MOST_GROWTH = 24.0  # linear is 8, quadratic 64
_NOTICED_S = 0.03  # for the short text: what takes less is quick for the long one, quadratic or not
_PIECES = (
    *(" ", "\n", "\t", "a", "1", "0.", "½", "九", "⁹", "*", "_", "$", "[", "(", "{", "<", ">"),
    *("ANSWER:", "ANSWER : ", "Answer: ", "answer **:", "答え", "\\boxed{", "\\boxed{1}"),
    *("```", "```python\n", "\n```", "[BEGIN]", "<think>", "</think>", "<think ", "<<", ">>"),
    *("***", "\\", "\\text{"),
    *("a b-", "1,", "1,000 ", "A, B ", "yes ", "U.S. ", "...", "Mr.", "DON'T ", "P.S. ", "\r\n"),
    *("correct: ", "confidence: ", "extracted_final_answer:", "reasoning:", "{\"a\":", "[1,"),
)  # fmt: skip


def _texts() -> Iterator[tuple[str, Callable[[int], str]]]:
    for lead, piece in product(("", "ANSWER: ", "Answer: \\boxed{"), _PIECES):
        yield f"{lead}{piece}…", lambda size, a=lead, b=piece: a + b * (size // len(b))  # type: ignore[misc]


def _sample(target: str = "1") -> Sample:
    metadata: dict[str, object] = {"constraints": [], "instruction_id_list": [], "kwargs": []}
    return Sample(
        id="1", messages=({"role": "user", "content": "?"},), target=target, metadata=metadata
    )


def _cpu_s(do: Callable[[str], object], text: str) -> float:
    started = time.thread_time()
    do(text)
    return time.thread_time() - started


def _slow_texts(do: Callable[[str], object]) -> list[str]:
    slow = []
    for name, make in _texts():
        short = _cpu_s(do, make(_SHORT))
        if short > _LONGEST_S:
            slow.append(name)
        elif short > _NOTICED_S:
            long = _cpu_s(do, make(_LONG))
            if long > _LONGEST_S and long > _MOST_GROWTH * short:
                slow.append(name)
    return slow


@pytest.mark.parametrize("profile", list(scorer_registry.all_scorers()))
def test_a_scorer_takes_linear_time(profile: str) -> None:
    scorer = scorer_registry.all_scorers()[profile]
    target = "[1]" if profile == "exact/json" else "1"
    assert _slow_texts(lambda text: scorer(text, _sample(target))) == []


@pytest.mark.parametrize("profile", list(scorer_registry.judged_scorers()))
def test_reading_a_judge_takes_linear_time(profile: str) -> None:
    factory = scorer_registry.judged_scorers()[profile]

    def score(text: str) -> Verdict:
        def judge(_messages: tuple[Message, ...]) -> ModelReply:
            return ModelReply(text)

        return factory(judge)(f"Answer: {text}", _sample())

    assert _slow_texts(score) == []


@pytest.mark.parametrize(
    "extract", [extract_fenced, extract_fenced_body, extract_python_fence, extract_tagged]
)
def test_finding_code_takes_linear_time(extract: Callable[[str], str | None]) -> None:
    assert _slow_texts(extract) == []
