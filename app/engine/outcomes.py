"""Derives a sample's outcome from the model's reply and the scorer's verdict."""

from __future__ import annotations

from app.engine.scorers.reasoning import is_all_thought, split_thoughts
from app.engine.types import ModelReply, Outcome, Verdict


def outcome_of_reply(reply: ModelReply, verdict: Verdict) -> tuple[Outcome, float | None]:
    """Return the outcome of a reply and its score (0..1; ``None``: unscored).

    Refusals come first, since a scorer may find an answer in the text of one. A truncated
    reply keeps its score: the answer may have come before the cut. A scorer that could not
    judge leaves the sample unscored, which is not zero; so does a server that keeps the answer.
    """
    if is_refused(reply):
        return Outcome.REFUSED, 0.0
    if verdict.score is None or is_only_reasoning(reply):
        return Outcome.ERROR, None
    if reply.finish_reason == "length":
        return Outcome.TRUNCATED, verdict.score
    if verdict.answer is None:
        return Outcome.UNPARSABLE, 0.0
    if verdict.score >= 1.0:
        return Outcome.CORRECT, 1.0
    if verdict.score <= 0.0:
        return Outcome.INCORRECT, 0.0
    return Outcome.PARTIAL, verdict.score


def is_refused(reply: ModelReply) -> bool:
    """Return whether the model refused, or its provider withheld what it wrote."""
    return reply.finish_reason in ("content_filter", "refusal")


def is_only_reasoning(reply: ModelReply) -> bool:
    """Return whether a reply that came to its end has thinking in it and no answer.

    Then the server's reasoning parser took the answer for thinking, or the model never closed its
    ``<think>``. A reply that was cut while the model thought is not meant: that one has no answer;
    nor one that was refused.
    """
    if reply.finish_reason == "length" or is_refused(reply):
        return False
    if not reply.text.strip():
        return bool(reply.reasoning)
    if not is_all_thought(reply.text):
        return False
    return bool(reply.reasoning or split_thoughts(reply.text).reasoning)


def is_empty(reply: ModelReply) -> bool:
    """Return whether a reply that came to its end has nothing in it, not even thinking."""
    if reply.finish_reason == "length" or is_refused(reply):
        return False
    return not reply.text.strip() or is_all_thought(reply.text)
