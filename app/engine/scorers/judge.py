"""What scorers need that ask another model: how it is called, and what becomes of its failures.

A factory takes the judge and gives a scorer; how the judge is reached, retried and paid is
the runner's business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from app.engine.engine_errors import ModelCallError
from app.engine.scorers.reasoning import split_thoughts
from app.engine.types import Message, ModelReply, Sample, Scorer, TokenUsage, Verdict

Judge = Callable[[tuple[Message, ...]], ModelReply]
"""Asks the judge model. It raises ``ModelCallError`` when its retries are used up."""

JudgedScorer = Callable[[Judge], Scorer]
"""Makes a scorer of a judge."""

JUDGE_UNREADABLE = "judge_unreadable"
"""Why a sample is unscored whose judge answered, but gave no grade."""


@dataclass(frozen=True, slots=True)
class Grade:
    """What a judge's reply means.

    Attributes:
        name: The grade in words (``correct``); the key of its metric.
        score: 0..1.
        is_readable: The reply held a grade; otherwise this is the protocol's default.
    """

    name: str
    score: float
    is_readable: bool = True


def answering(judge: Judge) -> Judge:
    """Return ``judge`` whose replies hold its answers alone, without what it thought aloud."""

    def ask(messages: tuple[Message, ...]) -> ModelReply:
        reply = judge(messages)
        divided = split_thoughts(reply.text)
        if not divided.reasoning:
            return reply
        return replace(reply, text=divided.answer, reasoning=reply.reasoning or divided.reasoning)

    return ask


def gave_no_answer(reply: ModelReply) -> str | None:
    """Return why a judge's reply cannot be read at all; ``None`` where it has a text."""
    if reply.text.strip():
        return None
    if reply.finish_reason in ("content_filter", "refusal"):
        return "The judge refused to grade."
    if reply.finish_reason == "length":
        return "The judge reached its limit of tokens before it gave a grade."
    if reply.reasoning:
        return "The judge's server sent reasoning and no grade."
    return "The judge sent no text."


def question_of(sample: Sample) -> str:
    """Return the question for the judge: as given, or the last message of the user."""
    given = sample.metadata.get("question")
    if isinstance(given, str):
        return given
    asked = [message["content"] for message in sample.messages if message["role"] == "user"]
    return asked[-1] if asked else ""


def target_of(sample: Sample) -> str:
    """Return the expected answer; the first one where several are accepted."""
    if isinstance(sample.target, str):
        return sample.target
    return sample.target[0] if sample.target else ""


def graded_scorer(
    prompt: Callable[[str, Sample], tuple[Message, ...]], read: Callable[[str], Grade | None]
) -> JudgedScorer:
    """Return a factory of scorers that let a judge decide.

    A judge that fails for its own reasons, or whose reply ``read`` cannot use, leaves the
    sample unscored (``None``, which is not 0). Failures that concern the whole run (a wrong
    key, no credit) are passed on, so that the run can stop.

    Args:
        prompt: Makes the messages for the judge of a completion and its sample.
        read: Gives the grade of a reply; ``None`` when there is none in it.
    """

    def factory(judge: Judge) -> Scorer:
        def score(completion: str, sample: Sample) -> Verdict:
            try:
                reply = judge(prompt(completion, sample))
            except ModelCallError as error:
                if error.scope != "sample":
                    raise
                said = f"The judge failed: {error.message}"
                return _unscored(completion, said, error.code, usage=error.usage)
            silent = gave_no_answer(reply)
            if silent is not None:
                return _unscored(completion, silent, JUDGE_UNREADABLE, reply)
            return _verdict(completion, reply, read(reply.text))

        return score

    return factory


def _verdict(completion: str, reply: ModelReply, grade: Grade | None) -> Verdict:
    if grade is None:
        return _unscored(completion, "The judge gave no grade.", JUDGE_UNREADABLE, reply)
    return Verdict(
        score=grade.score,
        answer=completion or None,
        explanation=f"The judge says: {grade.name.replace('_', ' ')}.",
        detail={
            "grade": grade.name,
            "judge_reply": reply.text,
            "judge_readable": grade.is_readable,
        },
        judge_usage=reply.usage,
    )


def _unscored(
    completion: str,
    explanation: str,
    code: str,
    reply: ModelReply | None = None,
    usage: TokenUsage | None = None,
) -> Verdict:
    return Verdict(
        score=None,
        answer=completion or None,
        explanation=explanation,
        detail={"judge_error": code, "judge_reply": reply.text if reply else None},
        judge_usage=reply.usage if reply else usage,
    )
