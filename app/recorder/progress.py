"""Live data of a run: progress, rate, waits, latest samples."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from app.db import now
from app.engine.aggregate import running_interval
from app.engine.questions import WHOLE, PromptShape, preview
from app.engine.run.plan import RATE_LIMITED, RunEvent
from app.engine.types import SampleResult
from app.recorder.counts import Counts
from app.recorder.usage import known_cost, usage_view

LiveEvent = tuple[str, Mapping[str, Any]]
"""Name and data of an event on the run's stream."""

Publish = Callable[[Sequence[LiveEvent]], None]
"""Sends live events; must not raise."""

RATE_WINDOW_S = 15.0
SAMPLES_PER_BATCH = 5
EVENTS_PER_BATCH = 20
SHORTEST_WAIT_S = 1.0
LIVE_TEXT_LENGTH = 300


class Progress:
    """Tracks a run's counts, its rate and what it waits for."""

    def __init__(
        self,
        counts: Counts,
        total: int,
        provider: str,
        *,
        is_priced: bool,
        is_judge_priced: bool = False,
        prompt_shape: PromptShape = WHOLE,
        metric: str = "accuracy",
    ) -> None:
        self._counts = counts
        self._metric = metric
        self._total = total
        self._provider = provider
        self._prompt_shape = prompt_shape
        self._is_priced = is_priced
        self._is_judge_priced = is_judge_priced
        self._marks: deque[tuple[float, int]] = deque([(time.monotonic(), counts.done)])
        self._resumes_at: datetime | None = None
        self._wait_message = ""

    def note(self, events: Sequence[RunEvent]) -> None:
        """Record a wait, if it is the longest at the moment."""
        for event in events:
            if event.kind in ("retry", "wait") and (event.wait_s or 0) >= SHORTEST_WAIT_S:
                until = datetime.fromtimestamp(
                    now().timestamp() + (event.wait_s or 0), now().tzinfo
                )
                if self._resumes_at is None or until > self._resumes_at:
                    # How long it still takes is told beside it, and becomes less.
                    message = RATE_LIMITED + "." if event.kind == "wait" else event.message
                    self._resumes_at, self._wait_message = until, message

    @property
    def cost_usd(self) -> float | None:
        """What was spent so far, as far as it is known; ``None`` where nothing is."""
        counts = self._counts
        return known_cost(counts.cost_usd, counts.unmetered, is_priced=self._is_priced)

    @property
    def judge_cost_usd(self) -> float | None:
        """What the judge cost so far; ``None`` without one, or where nothing is known."""
        counts = self._counts
        return known_cost(
            counts.judge_cost_usd, counts.judge_unmetered, is_priced=self._is_judge_priced
        )

    @property
    def waiting(self) -> dict[str, Any] | None:
        """What the run waits for, for the run's row; ``None`` when calls go through."""
        if self._resumes_at is None or self._resumes_at <= now():
            return None
        return {
            "provider": self._provider,
            "until": self._resumes_at.isoformat(),
            "message": self._wait_message,
        }

    def snapshot(self) -> dict[str, Any]:
        """Return the data of a ``progress`` event."""
        moment, counts = time.monotonic(), self._counts
        self._marks.append((moment, counts.done))
        while len(self._marks) > 2 and self._marks[0][0] < moment - RATE_WINDOW_S:
            self._marks.popleft()
        then, before = self._marks[0]
        rate = (counts.done - before) / (moment - then) if moment > then else 0.0
        score = None
        if counts.scored:
            value, _, low, high = running_interval(
                counts.scored, counts.score_sum, counts.score_square_sum
            )
            score = {"metric": self._metric, "value": value, "ci95": [low, high]}
        return {
            "status": "running",
            "done": counts.done,
            "total": self._total,
            "counts": {str(outcome): n for outcome, n in counts.outcomes.items()} | {"skipped": 0},
            "score": score,
            **usage_view(
                {
                    **counts.columns(),
                    "cost_usd": self.cost_usd,
                    "judge_cost_usd": self.judge_cost_usd,
                }
            ),
            "rate_per_s": round(rate, 2),
            "eta_s": round((self._total - counts.done) / rate, 1) if rate > 0 else None,
            "retries": counts.retries,
            "waiting": waiting_view(self.waiting),
        }

    def live_events(
        self, batch: Sequence[SampleResult], events: Sequence[RunEvent]
    ) -> list[LiveEvent]:
        """Return the events of one batch: its log lines, its latest samples, the progress."""
        at = now().isoformat()
        live: list[LiveEvent] = [
            ("event", {"at": at, "kind": event.kind, "message": event.message})
            for event in events[-EVENTS_PER_BATCH:]
        ]
        live += [
            ("sample", _live_sample(result, self._prompt_shape))
            for result in batch[-SAMPLES_PER_BATCH:]
        ]
        live.append(("progress", self.snapshot()))
        return live


def waiting_view(waiting: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a run's wait as pages and API show it; ``None`` once it is over."""
    if not waiting:
        return None
    left_s = (datetime.fromisoformat(waiting["until"]) - now()).total_seconds()
    if left_s <= 0:
        return None
    return {
        "provider": waiting["provider"],
        "resumes_in_s": round(left_s, 1),
        "message": waiting["message"],
    }


def _live_sample(result: SampleResult, shape: PromptShape) -> dict[str, Any]:
    target = result.sample.target
    return {
        "sample_id": result.sample.id,
        "epoch": result.epoch,
        "outcome": str(result.outcome),
        "score": result.score,
        "answer": None if result.answer is None else _shortened(result.answer),
        "target": _shortened(target if isinstance(target, str) else ", ".join(target)),
        "latency_ms": result.latency_ms,
        "preview": preview(result.sample.messages, shape),
        "error": None if result.error is None else _shortened(result.error.message),
    }


def _shortened(text: str) -> str:
    """Return the beginning of an answer or a target, which may be megabytes long."""
    return text if len(text) <= LIVE_TEXT_LENGTH else f"{text[: LIVE_TEXT_LENGTH - 1]}…"
