"""Kills and stops of processes: rows 1, 2, 3 and 19 of the table of faults."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from tests.faults.invariants import (
    Ledger,
    check_calls,
    check_ledger,
    check_no_secret,
    check_one_end,
    ledger_of,
    uncommitted,
)
from tests.faults.processes import Program, is_alive, kill, wait_until
from tests.faults.studio import Studio, parent_of
from tests.run_fixtures import Receiver

if TYPE_CHECKING:
    from tests.faults.conftest import Note

SAMPLES = 160
LATENCY_S = 0.1
RESUMES_WITHIN_S = 15.0
Undisturbed = Callable[[int], Ledger]


def strike_at(rng: random.Random) -> int:
    """Return after how many calls to strike: somewhere in the middle."""
    return rng.randint(SAMPLES // 8, SAMPLES * 3 // 4)


def submit_to(
    studio: Studio, first: Program, second: Program, samples: int, **options: Any
) -> tuple[str, int]:
    """Start a run and have ``first`` take it; returns its id and its work-horse."""
    stopped = stop_between_writes(studio, second)
    run_id = studio.submit(samples, **options)
    horse = studio.wait_for_claim(run_id)
    assert horse in [each.pid for each in first.family()]
    second.signal_all(signal.SIGCONT, stopped)
    return run_id, horse


def resumed(studio: Studio, run_id: str, dead: int) -> float:
    """Wait until another process works on the run; returns the seconds."""
    began = time.monotonic()
    before = studio.provider.calls
    wait_until(
        lambda: (
            studio.run(run_id)["lease_token"] is not None and studio.wait_for_claim(run_id) != dead
        ),
        "another worker",
        tell=studio.story,
    )
    wait_until(
        lambda: studio.provider.calls > before or studio.status(run_id) == "completed",
        "a call by the next worker",
    )
    return time.monotonic() - began


@pytest.mark.row(1, "kill -9 of the work-horse")
@pytest.mark.parametrize("moment", ["at the first call", "mid-run", "at the last call"])
def test_killed_work_horse(
    moment: str,
    studio: Studio,
    receiver: Receiver,
    undisturbed: Undisturbed,
    rng: random.Random,
    note: Note,
) -> None:
    at = {"at the first call": 1, "at the last call": SAMPLES}.get(moment, strike_at(rng))
    note.point(f"call {at} of {SAMPLES}")
    studio.start_pool()
    run_id = studio.submit(SAMPLES)
    studio.provider.wait_for_calls(at)
    horse = studio.wait_for_claim(run_id)
    kill(horse)
    waited_s = resumed(studio, run_id, horse)
    assert waited_s < RESUMES_WITHIN_S
    studio.wait_for_status(run_id, "completed")
    check_ledger(studio, run_id, undisturbed(SAMPLES))
    calls = check_calls(studio, SAMPLES, paid_twice=uncommitted(LATENCY_S))
    check_one_end(studio, run_id, receiver, "completed")
    check_no_secret(studio)
    note.result(f"resumed in {waited_s:.1f} s, {calls} calls for {SAMPLES} samples")


@pytest.mark.row(2, "kill -9 of the worker")
def test_killed_worker(
    studio: Studio,
    receiver: Receiver,
    undisturbed: Undisturbed,
    rng: random.Random,
    note: Note,
) -> None:
    at = strike_at(rng)
    note.point(f"call {at} of {SAMPLES}")
    studio.start_pool()
    run_id = studio.submit(SAMPLES)
    studio.provider.wait_for_calls(at)
    horse = studio.wait_for_claim(run_id)
    process = psutil.Process(horse)
    kill(parent_of(horse))
    gone_s = wait_until(lambda: not is_alive(process), "the old work-horse is gone", 5)
    waited_s = resumed(studio, run_id, horse)
    assert waited_s < RESUMES_WITHIN_S
    studio.wait_for_status(run_id, "completed")
    check_ledger(studio, run_id, undisturbed(SAMPLES))
    calls = check_calls(studio, SAMPLES, paid_twice=uncommitted(LATENCY_S))
    check_one_end(studio, run_id, receiver, "completed")
    check_no_secret(studio)
    note.result(f"horse gone in {gone_s:.2f} s, resumed in {waited_s:.1f} s, {calls} calls")


@pytest.mark.row(2, "kill -9 of the pool, under the supervisor")
def test_killed_pool(
    studio: Studio,
    receiver: Receiver,
    undisturbed: Undisturbed,
    rng: random.Random,
    note: Note,
) -> None:
    at = strike_at(rng)
    note.point(f"call {at} of {SAMPLES}")
    studio.start_all()
    run_id = studio.submit(SAMPLES)
    studio.provider.wait_for_calls(at)
    horse = studio.wait_for_claim(run_id)
    process = psutil.Process(horse)
    kill(parent_of(parent_of(horse)))
    wait_until(lambda: not is_alive(process), "the old work-horse is gone", 5)
    waited_s = resumed(studio, run_id, horse)
    assert waited_s < RESUMES_WITHIN_S
    studio.wait_for_status(run_id, "completed")
    check_ledger(studio, run_id, undisturbed(SAMPLES))
    calls = check_calls(studio, SAMPLES, paid_twice=uncommitted(LATENCY_S))
    check_one_end(studio, run_id, receiver, "completed")
    check_no_secret(studio)
    note.result(f"resumed in {waited_s:.1f} s, {calls} calls for {SAMPLES} samples")


def stop_between_writes(studio: Studio, program: Program) -> list[psutil.Process]:
    """Stop all processes of a program when none of them is writing to the database.

    Who is stopped with SQLite's write lock keeps everybody from writing, until it goes on or is
    dead: a fault of its own, and no takeover is possible in it.
    """
    while True:
        family = program.family()
        program.signal_all(signal.SIGSTOP, family)
        if studio.can_write():
            return family
        program.signal_all(signal.SIGCONT, family)
        time.sleep(0.02)


@pytest.mark.row(2, "SIGSTOP of pool and horse, SIGCONT after the takeover")
def test_stopped_pool_writes_nothing_when_it_goes_on(
    studio: Studio,
    receiver: Receiver,
    rng: random.Random,
    note: Note,
) -> None:
    at = strike_at(rng)
    note.point(f"call {at} of {SAMPLES}")
    # The answers say who asked: the stopped worker or the next one.
    studio.provider.control(answer="Answer: 107 (first)")
    first, second = studio.start_pool(), studio.start_pool()
    run_id, horse = submit_to(studio, first, second, SAMPLES)
    studio.provider.wait_for_calls(at)
    stopped = stop_between_writes(studio, first)
    studio.provider.control(answer="Answer: 107 (second)", latency_s=0.4)
    by_first = _answered(studio, run_id, "first")
    waited_s = resumed(studio, run_id, horse)
    assert waited_s < RESUMES_WITHIN_S
    wait_until(lambda: _answered(studio, run_id, "second") > 0, "the takeover")
    first.signal_all(signal.SIGCONT, stopped)
    wait_until(lambda: "nothing more is written" in first.text, "it gives up", tell=studio.story)
    studio.wait_for_status(run_id, "completed")
    assert _answered(studio, run_id, "first") == by_first
    assert _answered(studio, run_id, "second") == SAMPLES - by_first
    run = studio.run(run_id)
    assert run["done"] == SAMPLES
    assert run["correct"] == 1  # of the question with 100 apples
    calls = check_calls(studio, SAMPLES, paid_twice=uncommitted(LATENCY_S))
    check_one_end(studio, run_id, receiver, "completed")
    check_no_secret(studio)
    assert is_alive(psutil.Process(second.process.pid))
    note.result(f"taken over in {waited_s:.1f} s, 0 rows by the stopped one, {calls} calls")


def _answered(studio: Studio, run_id: str, who: str) -> int:
    return sum(f"({who})" in row[3] for row in ledger_of(studio, run_id).values())


@pytest.mark.row(3, "loss of the machine, another one there")
def test_lost_machine_with_another(
    studio: Studio,
    receiver: Receiver,
    undisturbed: Undisturbed,
    rng: random.Random,
    note: Note,
) -> None:
    at = strike_at(rng)
    note.point(f"call {at} of {SAMPLES}")
    first, second = studio.start_pool(), studio.start_pool()
    run_id, horse = submit_to(studio, first, second, SAMPLES)
    studio.provider.wait_for_calls(at)
    first.lose_power()
    waited_s = resumed(studio, run_id, horse)
    assert waited_s < RESUMES_WITHIN_S
    studio.wait_for_status(run_id, "completed")
    check_ledger(studio, run_id, undisturbed(SAMPLES))
    calls = check_calls(studio, SAMPLES, paid_twice=uncommitted(LATENCY_S))
    check_one_end(studio, run_id, receiver, "completed")
    check_no_secret(studio)
    assert second.process.poll() is None
    note.result(f"resumed in {waited_s:.1f} s, {calls} calls for {SAMPLES} samples")


@pytest.mark.row(3, "kill -9 of pool, worker and horse, under the supervisor")
def test_killed_pool_and_horse(
    studio: Studio,
    receiver: Receiver,
    undisturbed: Undisturbed,
    rng: random.Random,
    note: Note,
) -> None:
    at = strike_at(rng)
    note.point(f"call {at} of {SAMPLES}")
    program = studio.start_all()
    run_id = studio.submit(SAMPLES)
    studio.provider.wait_for_calls(at)
    horse = studio.wait_for_claim(run_id)
    pool = psutil.Process(parent_of(parent_of(horse)))
    family = [pool, *pool.children(recursive=True)]
    program.signal_all(signal.SIGSTOP, family)
    program.signal_all(signal.SIGKILL, family)
    waited_s = resumed(studio, run_id, horse)
    assert waited_s < RESUMES_WITHIN_S
    studio.wait_for_status(run_id, "completed")
    check_ledger(studio, run_id, undisturbed(SAMPLES))
    calls = check_calls(studio, SAMPLES, paid_twice=uncommitted(LATENCY_S))
    check_one_end(studio, run_id, receiver, "completed")
    check_no_secret(studio)
    note.result(f"resumed in {waited_s:.1f} s, {calls} calls for {SAMPLES} samples")


@pytest.mark.row(19, "SIGTERM for a deployment, another pool there")
def test_drained_pool(
    studio: Studio,
    receiver: Receiver,
    undisturbed: Undisturbed,
    rng: random.Random,
    note: Note,
) -> None:
    at = strike_at(rng)
    note.point(f"call {at} of {SAMPLES}")
    first, second = studio.start_pool(), studio.start_pool()
    run_id, horse = submit_to(studio, first, second, SAMPLES)
    studio.provider.wait_for_calls(at)
    first.process.terminate()
    waited_s = resumed(studio, run_id, horse)
    assert waited_s < 5
    assert first.process.wait(30) == 0
    studio.wait_for_status(run_id, "completed")
    check_ledger(studio, run_id, undisturbed(SAMPLES))
    calls = check_calls(studio, SAMPLES)  # what was under way has been finished and kept
    check_one_end(studio, run_id, receiver, "completed")
    check_no_secret(studio)
    note.result(f"drained and resumed in {waited_s:.1f} s, {calls} calls for {SAMPLES} samples")
