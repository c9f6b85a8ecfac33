"""What the page of a run under way is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.db import now
from app.engine.questions import preview
from app.engine.run.plan import RunEvent
from app.engine.types import Outcome, Sample
from app.recorder import Counts, progress
from app.recorder.progress import Progress, waiting_view
from app.recorder.result_rows import price_result
from tests.run_fixtures import result


def make(counts: Counts, total: int = 10) -> Progress:
    return Progress(counts, total, "local", is_priced=False)


def wait(wait_s: float | None, message: str = "Rate limit.", kind: Any = "wait") -> RunEvent:
    return RunEvent(kind, datetime.now(UTC), "rate_limit", message, wait_s=wait_s)


def test_the_rate_and_the_time_left_follow_the_last_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [100.0]
    monkeypatch.setattr("app.recorder.progress.time.monotonic", lambda: clock[0])
    counts = Counts()
    shown = make(counts, total=100)
    last: dict[str, Any] = {}
    for _ in range(40):
        clock[0] += 1
        counts.count(price_result(result(0), None, None), None)
        last = shown.snapshot()
    assert last["rate_per_s"] == 1.0
    assert last["eta_s"] == 60.0
    clock[0] += 60  # nothing for a minute
    assert shown.snapshot()["rate_per_s"] < 0.1


def test_a_live_score_names_the_metric() -> None:
    counts = Counts()
    counts.count(price_result(result(0), None, None), None)
    shown = Progress(counts, 4, "local", is_priced=False, metric="F1")
    assert shown.snapshot()["score"]["metric"] == "F1"


def test_before_the_first_answer_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.recorder.progress.time.monotonic", lambda: 5.0)
    first = make(Counts()).snapshot()
    assert (first["score"], first["eta_s"], first["rate_per_s"], first["cost_usd"]) == (
        None,
        None,
        0.0,
        None,
    )


def test_the_longest_wait_that_lasts_is_shown_until_it_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = make(Counts())
    shown.note([wait(None), wait(0.2), wait(9, kind="error")])
    assert shown.snapshot()["waiting"] is None
    shown.note([wait(20, "calls continue in 20 s")])
    assert shown.waiting is not None
    assert shown.waiting["message"] == "The provider limits the rate of calls."
    shown.note([wait(30, "long", kind="retry"), wait(5, "short", kind="retry")])
    waiting = shown.waiting
    assert waiting is not None
    assert waiting["message"] == "long"
    view = waiting_view(waiting)
    assert view is not None
    assert 25 < view["resumes_in_s"] <= 30
    later = now() + timedelta(minutes=1)
    monkeypatch.setattr(progress, "now", lambda: later)
    assert shown.snapshot()["waiting"] is None
    assert waiting_view(waiting) is None
    assert waiting_view(None) is None


def test_several_accepted_answers_are_one_line() -> None:
    sample = Sample("s", ({"role": "user", "content": "q"},), ("4", "four"))
    events = make(Counts()).live_events([result(0, Outcome.CORRECT, sample=sample)], [])
    assert events[0][1]["target"] == "4, four"


def test_a_preview_is_short_and_on_one_line() -> None:
    assert preview([]) == ""
    assert preview([{"content": "a"}, {"content": " b\n\n c "}]) == "b c"
    assert len(preview([{"content": "word " * 1000}])) <= 160
