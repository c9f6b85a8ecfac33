"""Reads of long runs take turns: one in a process at a time, accounts after each other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from flask import Flask

from app.errors import Limited, Unavailable
from app.services.accounts.accounts import Account
from app.services.long_reads import LONG_SAMPLES, LongReads
from tests.app_fixtures import Browser
from tests.run_fixtures import add_run


def wait_until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.01)


def start(reads: LongReads, app: Flask, account_id: int, done: Callable[[], None]) -> None:
    """Have a thread wait in line, and return when it does."""

    def read() -> None:
        with app.app_context(), reads.turn(account_id, samples=LONG_SAMPLES):
            done()

    before = reads.waiting()
    threading.Thread(target=read, daemon=True).start()
    wait_until(lambda: reads.waiting() > before)


def test_accounts_take_turns_however_many_reads_one_of_them_begins(app: Flask) -> None:
    reads, order, over = LongReads(), list[int](), threading.Event()

    def note(account_id: int) -> Callable[[], None]:
        def done() -> None:
            order.append(account_id)
            if len(order) == 4:
                over.set()

        return done

    with reads.turn(1, samples=LONG_SAMPLES):
        for account_id in (1, 1, 1, 2):
            start(reads, app, account_id, note(account_id))
        assert order == []
    assert over.wait(30)
    assert order == [1, 2, 1, 1]


def test_an_account_has_four_waiting_and_is_told_so(app: Flask) -> None:
    reads = LongReads()
    with reads.turn(1, samples=LONG_SAMPLES):
        for _ in range(4):
            start(reads, app, 1, lambda: None)
        with pytest.raises(Limited) as refused, reads.turn(1, samples=LONG_SAMPLES):
            pass
    assert refused.value.code == "too_many_at_once"
    wait_until(lambda: not reads.waiting())


def test_who_waits_too_long_is_told_to_come_again_and_blocks_nobody(app_context: Flask) -> None:
    reads = LongReads(wait_s=0.01)
    with reads.turn(1, samples=LONG_SAMPLES):
        with pytest.raises(Unavailable) as refused, reads.turn(2, samples=LONG_SAMPLES):
            pass
        assert refused.value.code == "reads_busy"
        assert reads.waiting() == 0
    with reads.turn(2, samples=LONG_SAMPLES):
        pass


def test_short_reads_need_no_turn() -> None:
    reads = LongReads()
    with reads.turn(1, samples=LONG_SAMPLES), reads.turn(1, samples=LONG_SAMPLES - 1):
        pass


@pytest.mark.parametrize(
    ("path", "view"),
    [
        ("/runs/{0}", "app.blueprints.runs.show"),
        ("/compare?run_ids={0},{1}", "app.blueprints.compare.routes"),
        ("/api/v1/compare?run_ids={0},{1}", "app.blueprints.api.compare"),
    ],
)
def test_what_reads_all_samples_takes_a_turn(
    signed_in: Browser, owner: Account, monkeypatch: pytest.MonkeyPatch, path: str, view: str
) -> None:
    """Sixteen comparisons of six runs of 30,000 samples took 900 MB, and /health four seconds."""
    with signed_in.application.app_context():
        runs = [add_run(owner.id, status="completed", done=LONG_SAMPLES) for _ in range(2)]
    assert signed_in.get(path.format(*runs)).status_code == 200
    monkeypatch.setattr(f"{view}.long_reads", LongReads(per_account=0))
    assert signed_in.get(path.format(*runs)).status_code == 429
