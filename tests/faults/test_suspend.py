"""A worker that was stopped for longer than its lease lasts, as with a suspended machine."""

from __future__ import annotations

import random
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.faults.invariants import (
    check_calls,
    check_no_secret,
    check_one_end,
    ledger_of,
)
from tests.faults.processes import wait_until
from tests.faults.studio import Studio, worker_of
from tests.faults.test_kills import stop_between_writes, submit_to
from tests.run_fixtures import Receiver

if TYPE_CHECKING:
    from tests.faults.conftest import Note

SAMPLES = 1_000
MANY_CONNECTIONS = 64
STOPPED_S = 25.0
LATENCY_S = 1.5


@pytest.mark.timeout(240)
@pytest.mark.row(23, "SIGSTOP for 25 s at 64 connections, another worker there")
def test_a_worker_that_wakes_up_asks_for_nothing(
    studio: Studio, receiver: Receiver, rng: random.Random, note: Note
) -> None:
    """At most what was in flight when it was stopped is paid for twice."""
    at = rng.randint(MANY_CONNECTIONS + 1, SAMPLES // 4)
    note.point(f"call {at} of {SAMPLES}")
    studio.provider.control(latency_s=LATENCY_S)
    first, second = studio.start_pool(), studio.start_pool()
    run_id, horse = submit_to(studio, first, second, SAMPLES, max_connections=MANY_CONNECTIONS)
    studio.provider.wait_for_calls(at)
    stopped = stop_between_writes(studio, first)
    stopped_at = time.monotonic()
    # In flight, or answered and not committed yet: what nobody will see of this worker. The last
    # of its calls may not have been read yet; the takeover comes much later.
    time.sleep(2)
    lost = studio.provider.calls - int(studio.run(run_id)["done"])
    wait_until(
        lambda: worker_of(studio.run(run_id)) not in (0, horse), "the takeover", tell=studio.story
    )
    while (left_s := stopped_at + STOPPED_S - time.monotonic()) > 0:
        time.sleep(left_s)
    first.signal_all(signal.SIGCONT, stopped)
    wait_until(lambda: "nothing more is written" in first.text, "it gives up", tell=studio.story)
    studio.wait_for_status(run_id, "completed", timeout_s=120)
    assert len(ledger_of(studio, run_id)) == SAMPLES
    assert lost <= 2 * MANY_CONNECTIONS
    calls = check_calls(studio, SAMPLES, paid_twice=lost)
    check_one_end(studio, run_id, receiver, "completed")
    check_no_secret(studio)
    note.result(f"{calls - SAMPLES} of the {lost} calls lost were paid for twice")
