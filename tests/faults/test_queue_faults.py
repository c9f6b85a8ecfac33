"""A queue server that goes away, and jobs that come twice: rows 4, 5, 15 and 16."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from rq import Queue
from rq.serializers import JSONSerializer

from app.broker.queues import DELIVER_WEBHOOK, EXECUTE_RUN, QUEUES, RUNS, WEBHOOKS
from tests.faults.invariants import (
    Ledger,
    check_calls,
    check_ledger,
    check_no_secret,
    check_one_end,
)
from tests.faults.processes import wait_until
from tests.faults.studio import MODEL, Studio, jobs_of_deliveries
from tests.run_fixtures import Receiver

if TYPE_CHECKING:
    from tests.faults.conftest import Note

Undisturbed = Callable[[int], Ledger]
SAMPLES = 160
RUN = {"benchmark": "gsm8k", "protocol": "openbench", "model": MODEL, "limit": 20, "order": "first"}


@pytest.mark.row(4, "kill -9 of the queue server, its data lost")
def test_queue_server_that_lost_everything(
    studio: Studio,
    receiver: Receiver,
    undisturbed: Undisturbed,
    rng: random.Random,
    note: Note,
) -> None:
    at = rng.randint(20, 100)
    note.point(f"call {at} of {SAMPLES}, one more run queued")
    studio.start_web()
    pool = studio.start_pool()
    running = studio.submit(SAMPLES)
    queued = studio.submit(20)
    studio.provider.wait_for_calls(at)
    studio.kill_queue(lose_data=True)
    status, health = studio.http("GET", "/health")
    assert (status, health["queue"]) == (200, "unreachable")
    assert studio.http("GET", "/ready")[0] == 503
    status, shown = studio.http("GET", f"/api/v1/runs/{queued}")
    assert (status, shown["status"]) == (200, "queued")
    time.sleep(1)
    studio.start_queue()
    began = time.monotonic()
    studio.wait_for_status(queued, "running", "completed", timeout_s=60)
    waited_s = time.monotonic() - began
    for run_id, samples in ((running, SAMPLES), (queued, 20)):
        studio.wait_for_status(run_id, "completed")
        check_ledger(studio, run_id, undisturbed(samples))
        check_one_end(studio, run_id, receiver, "completed")
    calls = check_calls(studio, SAMPLES + 20)
    assert pool.process.poll() is None
    wait_until(lambda: studio.http("GET", "/health")[1]["status"] == "ok", "it says: all well", 10)
    check_no_secret(studio)
    note.result(f"requeued {waited_s:.1f} s after its return, {calls} calls for {SAMPLES + 20}")


def _outage(
    studio: Studio, receiver: Receiver, undisturbed: Undisturbed, rng: random.Random, down_s: float
) -> str:
    samples = 120
    studio.start_web()
    pool = studio.start_pool()
    run_id = studio.submit(samples)
    studio.provider.wait_for_calls(rng.randint(10, 60))
    studio.kill_queue()
    down_at = time.monotonic()
    slowest_s, refused, asked_at = 0.0, 0, float("-inf")
    while time.monotonic() - down_at < down_s:
        for path in ("/login", "/health", "/api/v1/runs", f"/api/v1/runs/{run_id}"):
            began = time.monotonic()
            assert studio.http("GET", path)[0] == 200, path
            slowest_s = max(slowest_s, time.monotonic() - began)
        if time.monotonic() - asked_at > 7:  # ten a minute are allowed, with or without the server
            asked_at = time.monotonic()
            status, problem = studio.http("POST", "/api/v1/runs", RUN)
            assert status == 503, problem
            assert problem["code"] == "queue_unavailable"
            assert problem["action"]
            refused += 1
        time.sleep(1)
    run = check_ledger(studio, run_id, undisturbed(samples))  # it has ended meanwhile
    assert (run["finished_at"] - run["started_at"]).total_seconds() < down_s
    wait_until(
        lambda: [row.status for row in studio.deliveries(run_id)] == ["delivered"], "delivery", 60
    )
    assert len(receiver.received) == 1  # the courier had no job for it
    studio.start_queue()
    check_calls(studio, samples)
    again = studio.submit(20)
    studio.wait_for_status(again, "completed", timeout_s=60)
    check_ledger(studio, again, undisturbed(20))
    check_one_end(studio, again, receiver, "completed")
    assert pool.process.poll() is None
    check_no_secret(studio)
    return f"{refused} x 503, slowest page {slowest_s:.1f} s, the run finished meanwhile"


@pytest.mark.row(5, "queue server down for 20 s")
def test_queue_server_away(
    studio: Studio,
    receiver: Receiver,
    undisturbed: Undisturbed,
    rng: random.Random,
    note: Note,
) -> None:
    note.point("mid-run")
    note.result(_outage(studio, receiver, undisturbed, rng, 20))


@pytest.mark.timeout(500)
@pytest.mark.row(5, "queue server down for 5 min", ci=False)
def test_queue_server_away_for_minutes(
    studio: Studio,
    receiver: Receiver,
    undisturbed: Undisturbed,
    rng: random.Random,
    note: Note,
) -> None:
    note.point("mid-run")
    note.result(_outage(studio, receiver, undisturbed, rng, 300))


def _enqueue(studio: Studio, queue_name: str, path: str, argument: str, job_id: str) -> None:
    broker = studio.broker()
    queue = Queue(queue_name, connection=broker, serializer=JSONSerializer)
    queue.enqueue(path, argument, job_id=job_id, result_ttl=0)
    broker.close()


def _failed_jobs(studio: Studio) -> int:
    broker = studio.broker()
    failed = sum(int(broker.zcard(f"rq:failed:{name}")) for name in QUEUES)  # type: ignore[arg-type]
    broker.close()
    return failed


@pytest.mark.row(15, "the same job twice, at once and afterwards")
def test_doubled_job(
    studio: Studio,
    receiver: Receiver,
    undisturbed: Undisturbed,
    note: Note,
) -> None:
    samples = 80
    note.point("three workers")
    pool = studio.start_pool(workers=3)
    run_id = studio.submit(samples)
    for number in range(4):
        _enqueue(studio, RUNS, EXECUTE_RUN, run_id, f"twice-{number}")
    studio.wait_for_status(run_id, "completed")
    check_one_end(studio, run_id, receiver, "completed")
    _enqueue(studio, RUNS, EXECUTE_RUN, run_id, "afterwards")
    delivery = studio.deliveries(run_id)[0].id
    for number in range(2):
        _enqueue(studio, WEBHOOKS, DELIVER_WEBHOOK, delivery, f"delivery-{number}")
    wait_until(lambda: not jobs_of_deliveries(studio), "the jobs of the delivery are over")
    wait_until(lambda: pool.text.count("run is taken or over") >= 5, "the others have left")
    check_ledger(studio, run_id, undisturbed(samples))
    check_one_end(studio, run_id, receiver, "completed")
    calls = check_calls(studio, samples)
    assert _failed_jobs(studio) == 0
    check_no_secret(studio)
    note.result(f"one execution: {calls} calls for {samples} samples, 1 delivery")


@pytest.mark.row(16, "two pools race for each run")
def test_race_for_runs(
    studio: Studio,
    receiver: Receiver,
    undisturbed: Undisturbed,
    note: Note,
) -> None:
    note.point("6 runs, 3 jobs each")
    pools = [studio.start_pool(workers=2), studio.start_pool(workers=2)]
    runs = []
    for _ in range(6):
        run_id = studio.submit(20)
        runs.append(run_id)
        for number in range(2):
            _enqueue(studio, RUNS, EXECUTE_RUN, run_id, f"race-{run_id}-{number}")
    for run_id in runs:
        studio.wait_for_status(run_id, "completed")
        check_ledger(studio, run_id, undisturbed(20))
        check_one_end(studio, run_id, receiver, "completed")
    calls = check_calls(studio, 20 * len(runs))
    losers = wait_until(
        lambda: sum(pool.text.count("run is taken or over") for pool in pools) >= 12, "losers left"
    )
    assert _failed_jobs(studio) == 0
    assert all("Traceback" not in pool.text for pool in pools)
    check_no_secret(studio)
    note.result(f"{calls} calls for {20 * len(runs)} samples, losers left within {losers:.1f} s")
