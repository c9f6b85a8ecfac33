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
