"""How scorers word a verdict, and how they read a sample's target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.engine.types import Sample, Verdict

MAX_ANSWER_CHARS = 1_000
"""A longer extracted answer is cut for the ledger; it was compared in full."""

_QUOTE_CHARS = 60


def targets_of(sample: Sample) -> tuple[str, ...]:
    """Return the accepted answers, one or more."""
    return (sample.target,) if isinstance(sample.target, str) else tuple(sample.target)


def quoted(text: str) -> str:
    """Return ``text`` on one line in quotes, cut to a readable length."""
    line = " ".join(text[: 4 * _QUOTE_CHARS].split())
    if len(line) > _QUOTE_CHARS:
        line = f"{line[: _QUOTE_CHARS - 1]}…"
    return f"“{line}”"


def unparsable(reason: str, detail: Mapping[str, Any] | None = None) -> Verdict:
    """Return the verdict on a completion in which there is no answer to compare."""
    return Verdict(score=0.0, answer=None, explanation=reason, detail=detail or {})


def compared(
    answer: str, target: str, *, correct: bool, detail: Mapping[str, Any] | None = None
) -> Verdict:
    """Return the verdict on an extracted answer that is right or wrong."""
    relation = "matches" if correct else "does not match"
    return Verdict(
        score=1.0 if correct else 0.0,
        answer=answer[:MAX_ANSWER_CHARS],
        explanation=f"The answer {quoted(answer)} {relation} the target {quoted(target)}.",
        detail=detail or {},
    )


def overlapping(answer: str, target: str, *, exact_match: float, f1: float) -> Verdict:
    """Return the verdict on a short answer: 1 for an exact match, else the token F1 (0..1)."""
    score = 1.0 if exact_match == 1.0 else f1
    if score == 1.0:
        relation = "matches"
    elif score > 0.0:
        relation = f"shares words (F1 {score:.2f}) with"
    else:
        relation = "shares no word with"
    return Verdict(
        score=score,
        answer=answer[:MAX_ANSWER_CHARS] or None,
        explanation=f"The answer {quoted(answer)} {relation} the target {quoted(target)}.",
        detail={"exact_match": exact_match, "f1": f1},
    )
