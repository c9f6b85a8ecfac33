"""Providers that limit, refuse, hang, lie or flood: rows 8 to 12 and 18."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from app.db import db
from app.models import SampleRow
from app.services.connections import store
from tests.faults.flood import flood
from tests.faults.invariants import (
    Ledger,
    check_calls,
    check_ledger,
    check_no_secret,
    check_one_end,
)
from tests.faults.processes import wait_until
from tests.faults.studio import CANARY, CONNECTIONS, Studio
from tests.run_fixtures import Receiver

if TYPE_CHECKING:
    from tests.faults.conftest import Note

Undisturbed = Callable[[int], Ledger]
GRACE_S = 2.0


def rows_of(studio: Studio, run_id: str) -> list[dict[str, Any]]:
    with studio.context():
        rows = db.session.query(SampleRow).filter_by(run_id=run_id).order_by(SampleRow.position)
        return [
            {"outcome": row.outcome, "score": row.score, "error": row.error, "tries": row.attempts}
            for row in rows
        ]


@pytest.mark.row(8, "storm of 429 with Retry-After 2")
def test_storm_of_rate_limits(
    studio: Studio,
    receiver: Receiver,
    undisturbed: Undisturbed,
    note: Note,
) -> None:
    samples, per_s = 200, 20
    note.point(f"{per_s} calls/s allowed, 32 connections")
    studio.provider.control(rate_limit=per_s, retry_after_s=2)
    studio.start_pool()
    began = time.monotonic()
    run_id = studio.submit(samples, max_connections=32)
    studio.wait_for_status(run_id, "completed", timeout_s=60)
    took_s = time.monotonic() - began
    run = check_ledger(studio, run_id, undisturbed(samples))
    assert run["error"] == 0
    stats = studio.provider.stats()
    refused = stats["statuses"].get("429", 0)
    share = refused / stats["calls"]
    assert 0 < share < 0.25
    assert run["retries"] == refused
    check_calls(studio, samples, retries=run["retries"])
    check_one_end(studio, run_id, receiver, "completed")
    check_no_secret(studio)
    note.result(f"0 failed, {share:.0%} of {stats['calls']} calls 429, {took_s:.0f} s")


@pytest.mark.row(9, "insufficient_quota")
def test_exhausted_quota(
    studio: Studio,
    receiver: Receiver,
    undisturbed: Undisturbed,
    rng: random.Random,
    note: Note,
) -> None:
    samples = 120
    at = rng.randint(20, 80)
    note.point(f"call {at} of {samples}")
    studio.start_pool()
    run_id = studio.submit(samples)
    studio.provider.wait_for_calls(at)
    studio.provider.control(fail=[{"fault": "quota"}])
    studio.wait_for_status(run_id, "paused")
    run = studio.run(run_id)
    stats = studio.provider.stats()
    refused = stats["statuses"]["429"]
    assert refused <= CONNECTIONS
    assert run["failure"]["code"] == "quota"
    assert "no credit" in run["failure"]["message"]
    assert "Resume keeps the finished samples" in run["failure"]["action"]
    assert run["error"] == 0
    check_one_end(studio, run_id, receiver, "paused")
    time.sleep(1)
    assert studio.provider.calls == stats["calls"]
    studio.provider.control(reset=True)
    studio.resume(run_id)
    studio.wait_for_status(run_id, "completed")
    check_ledger(studio, run_id, undisturbed(samples))
    assert stats["calls"] - refused + studio.provider.calls == samples
    check_no_secret(studio)
    note.result(f"{refused} refused calls, paused with a message; after Resume 0 paid twice")


@pytest.mark.row(10, "the provider hangs or drips")
@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_hanging_provider(fault: str, studio: Studio, undisturbed: Undisturbed, note: Note) -> None:
    timeout_s = 2.0
    note.point(f"all calls {fault}, deadline {timeout_s:g} s")
    studio.start_pool()
    studio.provider.control(fail=[{"fault": fault}])
    run_id = studio.submit(8, timeout_s=timeout_s, max_retries=0, max_error_rate=1.0)
    studio.provider.wait_for_calls(8)
    began = time.monotonic()
    studio.wait_for_status(run_id, "completed")
    took_s = time.monotonic() - began
    assert took_s < timeout_s + GRACE_S
    for row in rows_of(studio, run_id):
        assert row["outcome"] == "error"
        assert row["score"] is None
        assert row["error"]["code"] == "timeout"
    studio.provider.control(reset=True)
    studio.resume(run_id, retry_errors=True)
    studio.wait_for_status(run_id, "completed")
    check_ledger(studio, run_id, undisturbed(8))
    check_no_secret(studio)
    note.result(f"ended {took_s:.1f} s after the calls; Retry errors gave the whole score")


ANSWERS = {
    "html_200": "web_page",
    "empty_body": "bad_reply",
    "empty_choices": "empty_reply",
    "error_in_200": "server_error",
    "array_error": "rate_limit",
    "truncated_json": "bad_reply",
    "html_500": "proxy_error",
}


@pytest.mark.row(11, "web page, empty, 200 with error, array, cut JSON")
def test_answers_that_are_none(studio: Studio, note: Note) -> None:
    note.point(f"{len(ANSWERS)} kinds, one run each")
    studio.start_pool(workers=2)
    runs = {
        fault: studio.submit(3, model=f"scripted/fault:{fault}", max_retries=0, max_error_rate=1.0)
        for fault in ANSWERS
    }
    for fault, run_id in runs.items():
        ends_run = fault == "html_200"
        studio.wait_for_status(run_id, "failed" if ends_run else "completed")
        run, rows = studio.run(run_id), rows_of(studio, run_id)
        codes = {row["error"]["code"] for row in rows} or {run["failure"]["code"]}
        assert codes == {ANSWERS[fault]}, fault
        assert all(row["score"] is None for row in rows), fault
        assert run["score"] is None or run["score"]["value"] is None
    check_no_secret(studio)
    note.result("the right class each, none scored")


@pytest.mark.row(12, "answers of 1 GB: plain, announced, gzip")
def test_flood(studio: Studio, note: Note) -> None:
    note.point("8 connections each")
    studio.start_pool()
    peaks_mb = {}
    with flood() as base_url:
        with studio.app.app_context():
            store.save_connection(
                studio.account_id,
                True,
                "flood",
                {"kind": "openai_compatible", "base_url": base_url, "api_key": CANARY},
            )
        for kind in ("plain", "announced", "gzip"):
            run_id = studio.submit(
                8, model=f"flood/{kind}", max_retries=0, max_error_rate=1.0, timeout_s=30
            )
            peak = _Peak(studio.wait_for_claim(run_id))
            studio.wait_for_status(run_id, "completed")
            peaks_mb[kind] = peak.stop()
            for row in rows_of(studio, run_id):
                assert row["outcome"] == "error"
                assert row["error"]["code"] == "too_large", (kind, row["error"])
    assert 20 < max(peaks_mb.values()) < 300, peaks_mb
    check_no_secret(studio)
    most = ", ".join(f"{kind} {peak_mb:.0f} MB" for kind, peak_mb in peaks_mb.items())
    note.result(f"too_large each, at most: {most}")


class _Peak:
    """The most memory of a process, in MB, looked at every 5 ms."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._over = threading.Event()
        self._most = 0.0
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(0.005):
            try:
                self._most = max(self._most, self._process.memory_info().rss / 1e6)
            except psutil.NoSuchProcess:
                return

    def stop(self) -> float:
        self._over.set()
        self._thread.join()
        return self._most


@pytest.mark.row(18, "cancel during a wait of 32 s")
def test_cancel_in_a_long_wait(studio: Studio, receiver: Receiver, note: Note) -> None:
    note.point("all connections wait")
    studio.start_web()
    studio.start_pool()
    studio.provider.control(rate_limit=0.001, retry_after_s=32)
    run_id = studio.submit(40)
    studio.provider.wait_for_calls(CONNECTIONS)
    wait_until(lambda: studio.run(run_id)["waiting"], "the page says that it waits")
    wait_until(lambda: studio.run(run_id)["retries"] >= CONNECTIONS - 1, "all of them wait")
    time.sleep(1)
    calls = studio.provider.calls
    studio.provider.control(rate_limit=None)
    began = time.monotonic()
    status, answer = studio.http("POST", f"/api/v1/runs/{run_id}/cancel")
    assert status in (200, 202, 204), answer
    studio.wait_for_status(run_id, "canceled")
    took_s = time.monotonic() - began
    assert took_s <= 2.0
    check_one_end(studio, run_id, receiver, "canceled")
    time.sleep(3)
    assert studio.provider.calls == calls
    check_no_secret(studio)
    note.result(f"canceled in {took_s:.1f} s, no later call")
