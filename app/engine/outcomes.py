"""Derives a sample's outcome from the model's reply and the scorer's verdict."""

from __future__ import annotations

from app.engine.types import ModelReply, Outcome, Verdict


def outcome_of_reply(reply: ModelReply, verdict: Verdict) -> tuple[Outcome, float | None]:
    """Return the outcome of a reply and its score (0..1; ``None``: unscored).

    Refusals come first, since a scorer may find an answer in the text of one. A truncated
    reply keeps its score: the answer may have come before the cut. A scorer that could not
    judge leaves the sample unscored, which is not zero; so does a server that keeps the answer.
    """
    if reply.finish_reason in ("content_filter", "refusal"):
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


def is_only_reasoning(reply: ModelReply) -> bool:
    """Return whether a reply that came to its end has thinking in it and no answer.

    Then the server's reasoning parser took the answer for thinking. A reply that was cut while
    the model thought is not meant: that one has no answer.
    """
    return bool(reply.reasoning) and not reply.text.strip() and reply.finish_reason != "length"
