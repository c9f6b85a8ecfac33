"""The bytes that calls hold: counted, shared fairly, waited for."""

from __future__ import annotations

import threading
from threading import Event

from app.net.byte_budget import UNBOUNDED, ByteBudget, Hold

KB = 1_024


def never() -> bool:
    return False


def reserve_later(hold: Hold, size: int) -> tuple[threading.Thread, Event]:
    """Start a thread that waits for room; returns it and the sign that it has got it."""
    got = Event()

    def reserve() -> None:
        assert hold.reserve(size, never)
        got.set()

    thread = threading.Thread(target=reserve, daemon=True)
    thread.start()
    return thread, got


def test_what_does_not_fit_waits_until_others_release() -> None:
    budget = ByteBudget(100 * KB)
    first, second = [budget.share().hold() for _ in range(2)]
    extra = budget.share().hold()
    assert first.reserve(25 * KB, never)
    assert second.reserve(25 * KB, never)
    extra.resize(40 * KB)
    thread, got = reserve_later(budget.share().hold(), 25 * KB)
    assert not got.wait(0.3)
    extra.release()
    thread.join(30)
    assert got.is_set()
    assert budget.used == 75 * KB


def test_who_gives_up_holds_nothing() -> None:
    budget = ByteBudget(100 * KB)
    budget.share().hold().resize(100 * KB)
    hold = budget.share().hold()
    assert not hold.reserve(20 * KB, lambda: True)
    hold.release()
    assert budget.used == 100 * KB


def test_one_run_leaves_as_much_free_as_it_holds() -> None:
    budget = ByteBudget(100 * KB)
    greedy, other = budget.share(), budget.share()
    assert greedy.hold().reserve(25 * KB, never)
    assert greedy.hold().reserve(25 * KB, never)
    assert not greedy.hold().reserve(20 * KB, lambda: True)
    assert other.hold().reserve(25 * KB, never)


def test_what_is_larger_than_a_quarter_counts_as_a_quarter() -> None:
    budget = ByteBudget(100 * KB)
    hold = budget.share().hold()
    assert hold.reserve(1_000 * KB, never)
    assert budget.used == 25 * KB
    hold.release()
    assert budget.used == 0


def test_what_is_there_already_never_waits() -> None:
    budget = ByteBudget(100 * KB)
    hold = budget.share().hold()
    hold.resize(500 * KB)
    assert budget.used == 500 * KB
    hold.resize(20 * KB)
    assert budget.used == 20 * KB


def test_many_that_want_much_all_get_it_in_the_end() -> None:
    budget = ByteBudget(1_000 * KB)
    shares = [budget.share() for _ in range(4)]
    most = 0
    lock = threading.Lock()

    def ask(number: int) -> None:
        nonlocal most
        hold = shares[number % 4].hold()
        assert hold.reserve(200 * KB, never)
        with lock:
            most = max(most, budget.used)
        hold.release()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert most <= 1_000 * KB
    assert budget.used == 0


def test_without_bounds_nothing_waits() -> None:
    hold = UNBOUNDED.hold()
    assert hold.reserve(10**12, never)
    hold.release()


def test_what_is_small_is_not_counted() -> None:
    budget = ByteBudget(100 * KB)
    hold = budget.share().hold()
    assert hold.reserve(2 * KB, never)
    hold.resize(3 * KB)
    assert budget.used == 0


def test_a_closed_share_releases_what_calls_that_broke_off_hold() -> None:
    budget = ByteBudget(100 * KB)
    ended, other = budget.share(), budget.share()
    late = ended.hold()
    assert late.reserve(25 * KB, never)
    assert ended.hold().reserve(25 * KB, never)
    assert other.hold().reserve(20 * KB, never)
    ended.close()
    assert budget.used == 20 * KB
    late.release()
    assert ended.hold().reserve(25 * KB, never)
    assert budget.used == 20 * KB


def test_a_call_that_waits_goes_on_when_its_share_is_closed() -> None:
    budget = ByteBudget(100 * KB)
    ended = budget.share()
    ended.hold().resize(100 * KB)
    thread, got = reserve_later(ended.hold(), 25 * KB)
    ended.close()
    thread.join(30)
    assert got.is_set()
    assert budget.used == 0


def test_the_share_of_all_unbounded_calls_can_be_closed() -> None:
    UNBOUNDED.close()
    assert UNBOUNDED.hold().reserve(10**9, never)
