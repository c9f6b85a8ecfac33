"""Words and tones of statuses and outcomes, short ids, and the outcome bar.

The one source: JavaScript reads ``SCRIPT_WORDS`` from the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

STATUS_WORDS = {
    "queued": "Queued",
    "running": "Running",
    "canceling": "Canceling",
    "paused": "Paused",
    "completed": "Done",
    "failed": "Failed",
    "canceled": "Canceled",
    "delivered": "Delivered",
    "pending": "Pending",
}
STATUS_TONES = {
    "queued": "idle",
    "running": "run",
    "canceling": "warn",
    "paused": "warn",
    "completed": "ok",
    "failed": "bad",
    "canceled": "idle",
    "delivered": "ok",
    "pending": "run",
}
OUTCOME_WORDS = {
    "correct": "Correct",
    "partial": "Partial",
    "incorrect": "Wrong",
    "refused": "Refused",
    "truncated": "Truncated",
    "unparsable": "Unparsable",
    "error": "Error",
}
OUTCOME_TONES = {
    "correct": "ok",
    "partial": "warn",
    "incorrect": "bad",
    "refused": "warn",
    "truncated": "warn",
    "unparsable": "warn",
    "error": "bad",
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an outcome means, and what it counts in the mean; the same in ``docs/outcomes.md``."""

    outcome: str
    word: str
    meaning: str
    counts: str


OUTCOME_MEANINGS = (
    Meaning("correct", "Correct", "The scorer takes the answer for right.", "1"),
    Meaning(
        "partial",
        "Partial",
        "Right in part: some of the instructions, or words in common with the target.",
        "its share, between 0 and 1",
    ),
    Meaning("incorrect", "Wrong", "There is an answer, and it is not the right one.", "0"),
    Meaning(
        "refused",
        "Refused",
        "The model refused, or the provider filtered the question or the answer. What text there "
        "is is not scored.",
        "0",
    ),
    Meaning(
        "truncated",
        "Truncated",
        "The answer reached max_tokens. What had come by then is scored as it stands.",
        "its score, mostly 0",
    ),
    Meaning(
        "unparsable",
        "Unparsable",
        "The answer came to its end and does not hold one in the form that was asked for.",
        "0",
    ),
    Meaning(
        "error",
        "Error",
        "There is no answer to score: the call or the generation failed, the reply is reasoning "
        "alone, or the judge or the scorer failed. Retry errors asks again.",
        "nothing: it leaves the mean",
    ),
    Meaning(
        "skipped",
        "Skipped",
        "It was not asked before the run was canceled or failed. Resume asks it.",
        "nothing: it leaves the mean",
    ),
)

SCRIPT_WORDS = {
    "status": {name: [word, STATUS_TONES[name]] for name, word in STATUS_WORDS.items()},
    "outcome": {name: [word, OUTCOME_TONES[name]] for name, word in OUTCOME_WORDS.items()},
}
"""Words and tones as ``static/js/lib/words.js`` reads them."""


def queue_words(position: int | None) -> str:
    """Return what a queued run waits for; ``None``: its place is not known."""
    if position is None:
        return "Waiting for a worker"
    return f"{position:,} before you" if position else "Next in line"


@dataclass(frozen=True, slots=True)
class Segment:
    """One piece of the outcome bar; ``x`` and ``width`` are SVG lengths in percent."""

    outcome: str
    label: str
    count: int
    x: str
    width: str


def short_id(value: object) -> str:
    """Return the last eight characters: UUIDv7s of the same minute begin alike."""
    return str(value)[-8:]


def initials(email: str | None) -> str:
    """Return two letters for the account's badge."""
    return (email or "?")[:2]


def status_word(status: str) -> str:
    """Return a run's or a delivery's status as a word for people."""
    return STATUS_WORDS.get(status, status.capitalize())


def status_tone(status: str) -> str:
    """Return the pill's tone for a status: ok, run, warn, bad or idle."""
    return STATUS_TONES.get(status, "idle")


def outcome_word(outcome: str) -> str:
    """Return a sample's outcome as a word for people."""
    return OUTCOME_WORDS.get(outcome, outcome.capitalize())


def outcome_tone(outcome: str) -> str:
    """Return the pill's tone for an outcome."""
    return OUTCOME_TONES.get(outcome, "idle")


def segments(counts: Mapping[str, int] | object) -> list[Segment]:
    """Return the pieces of the outcome bar, in fixed order, absent outcomes with width 0."""
    values = {outcome: _count(counts, outcome) for outcome in OUTCOME_WORDS}
    total = sum(values.values()) or 1
    pieces, before = [], 0
    for outcome, count in values.items():
        x, width = before / total, count / total
        pieces.append(Segment(outcome, OUTCOME_WORDS[outcome], count, f"{x:.3%}", f"{width:.3%}"))
        before += count
    return pieces


def _count(counts: Mapping[str, int] | object, outcome: str) -> int:
    if isinstance(counts, Mapping):
        return int(counts.get(outcome) or 0)
    return int(getattr(counts, outcome, 0) or 0)
