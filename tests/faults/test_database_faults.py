"""Databases that are locked or away, and clocks that are wrong: rows 6, 7 and 17."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import URL, make_url

from tests.faults.invariants import (
    Ledger,
    check_calls,
    check_ledger,
    check_no_secret,
    check_one_end,
    uncommitted,
)
from tests.faults.processes import wait_until
from tests.faults.proxy import Proxy
from tests.faults.studio import Studio
from tests.faults.test_kills import resumed, submit_to
from tests.run_fixtures import Receiver

if TYPE_CHECKING:
    from tests.faults.conftest import Note

Undisturbed = Callable[[int], Ledger]
LATENCY_S = 0.1


@pytest.mark.row(6, "SQLite locked for 12 s", ci=False)
def test_locked_database(
    studio: Studio,
    receiver: Receiver,
    undisturbed: Undisturbed,
    server_url: URL | None,
    rng: random.Random,
    note: Note,
) -> None:
    if server_url is not None:
        pytest.skip("SQLite only")
    samples = 240
    at = rng.randint(20, 80)
    note.point(f"call {at} of {samples}")
    studio.start_pool()
    run_id = studio.submit(samples)
    studio.provider.wait_for_calls(at)
    path = studio.folder / "data" / "studio.db"
    with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as other:
        other.execute("BEGIN IMMEDIATE")
        time.sleep(12)
        other.execute("ROLLBACK")
    studio.wait_for_status(run_id, "completed")
    check_ledger(studio, run_id, undisturbed(samples))
    calls = check_calls(studio, samples)
    check_one_end(studio, run_id, receiver, "completed")
    check_no_secret(studio)
    note.result(f"waited for, no sample lost: {calls} calls for {samples} samples")


@pytest.fixture
def proxy(server_url: URL | None) -> Iterator[Proxy]:
    if server_url is None:
        pytest.skip("needs PostgreSQL: set TEST_DATABASE_URL")
    running = Proxy(server_url.host or "127.0.0.1", server_url.port or 5432)
    yield running
    running.down()


@pytest.mark.timeout(300)
@pytest.mark.row(7, "database down for 60 s", ci=False)
def test_database_away(
    proxy: Proxy,
    database: str,
    make_studio: Callable[..., Studio],
    receiver: Receiver,
    undisturbed: Undisturbed,
    rng: random.Random,
    note: Note,
) -> None:
    samples = 240
    at = rng.randint(20, 80)
    note.point(f"call {at} of {samples}")
    through = make_url(database).set(host="127.0.0.1", port=proxy.port)
    studio = make_studio(database_url=through.render_as_string(hide_password=False))
    studio.start_web()
    studio.start_pool()
    run_id = studio.submit(samples)
    assert studio.http("GET", "/api/v1/runs")[0] == 200
    studio.provider.wait_for_calls(at)
    proxy.down()
    down_at = time.monotonic()
    while time.monotonic() - down_at < 60:
        status, health = studio.http("GET", "/health")
        assert (status, health["database"]) == (200, "unreachable")
        status, _ = studio.http("GET", "/ready")
        assert status == 503
        time.sleep(3)
    proxy.up()
    studio.wait_for_status(run_id, "completed", timeout_s=60)
    check_ledger(studio, run_id, undisturbed(samples))
    calls = check_calls(studio, samples)
    check_one_end(studio, run_id, receiver, "completed")
    check_no_secret(studio)
    note.result(f"results were held, none paid twice: {calls} calls for {samples} samples")


FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


def clock(offset_s: int) -> dict[str, str]:
    """Return the environment of a process whose clock is wrong by so much."""
    return {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME": f"{offset_s:+d}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "PYTHONPATH": str(Path(__file__).parent / "wrong_clock"),
    }


@pytest.fixture
def wrong_clocks(server_url: URL | None) -> None:
    if server_url is None:
        pytest.skip("needs PostgreSQL, whose clock is right: set TEST_DATABASE_URL")
    if FAKETIME is None:
        pytest.skip("needs libfaketime (Debian: apt-get install libfaketime)")


@pytest.mark.row(17, "one worker's clock 10 min ahead, another's 10 min behind")
@pytest.mark.usefixtures("wrong_clocks")
@pytest.mark.parametrize("offset_s", [600, -600], ids=["ahead", "behind"])
def test_wrong_clocks(
    offset_s: int,
    studio: Studio,
    receiver: Receiver,
    undisturbed: Undisturbed,
    rng: random.Random,
    note: Note,
) -> None:
    samples = 240
    at = rng.randint(20, 80)
    note.point(f"the one that is {'ahead' if offset_s > 0 else 'behind'} killed at call {at}")
    receiver.status = 503
    first = studio.start_pool(env=clock(offset_s))
    second = studio.start_pool(env=clock(-offset_s))
    run_id, horse = submit_to(studio, first, second, samples)
    studio.provider.wait_for_calls(at)
    assert studio.wait_for_claim(run_id) == horse  # the other one has not taken it
    first.lose_power()
    waited_s = resumed(studio, run_id, horse)
    assert 5 < waited_s < 15
    studio.wait_for_status(run_id, "completed")
    check_ledger(studio, run_id, undisturbed(samples))
    calls = check_calls(studio, samples, paid_twice=uncommitted(LATENCY_S))
    wait_until(lambda: len(receiver.received) == 1, "the first attempt")
    first_at = time.time()
    receiver.status = 200
    wait_until(lambda: len(receiver.received) == 2, "the second attempt", tell=studio.story)
    gap_s = receiver.received[1].at_s - receiver.received[0].at_s
    assert 8 < gap_s < 25  # 10 s are planned; the queue server counts whole seconds
    for each in receiver.received:
        assert abs(int(each.headers["webhook-timestamp"]) - first_at) < 30
    check_one_end_of_two(studio, run_id, receiver)
    check_no_secret(studio)
    note.result(f"resumed in {waited_s:.1f} s, {calls} calls, webhook again after {gap_s:.0f} s")


def check_one_end_of_two(studio: Studio, run_id: str, receiver: Receiver) -> None:
    """Check that the two attempts were one delivery."""
    wait_until(lambda: studio.deliveries(run_id)[0].status == "delivered", "delivered")
    (row,) = studio.deliveries(run_id)
    assert [attempt.status_code for attempt in row.attempts] == [503, 200]
    assert {each.headers["webhook-id"] for each in receiver.received} == {row.id}
