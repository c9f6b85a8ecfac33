"""Slots of the courier: shared by account, held by hanging receivers only so much."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.services.webhooks.delivery_slots import (
    HANG_S,
    HEAVY_S,
    KEPT_FREE,
    LONGEST_PAUSE_S,
    PAUSE_S,
    PER_ACCOUNT,
    PER_HOST,
    SLOTS,
    TRIPS,
    DeliverySlots,
    Due,
)

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def slots(clock: Clock) -> DeliverySlots:
    return DeliverySlots(clock)


def due(account: int, number: int = 0, host: str | None = None) -> Due:
    name = f"{account}-{number}"
    return Due(name, 0, account, host or name, BEGIN + timedelta(seconds=number))


def fill(slots: DeliverySlots, waiting: list[Due]) -> list[Due]:
    """Take as many of those that wait as may begin now."""
    begun = []
    while (one := slots.next_of(waiting)) is not None:
        slots.take(one)
        begun.append(one)
    return begun


def test_accounts_take_turns_and_who_waited_longest_comes_first(slots: DeliverySlots) -> None:
    waiting = [due(1, n) for n in range(20)] + [due(2, 30)] + [due(3, n) for n in (40, 39)]
    begun = fill(slots, waiting)
    assert [one.account_id for one in begun[:3]] == [1, 2, 3]
    assert begun[2].delivery_id == "3-39"
    assert sum(one.account_id == 1 for one in begun) == PER_ACCOUNT


def test_one_host_of_an_account_has_few_at_the_same_time(slots: DeliverySlots) -> None:
    begun = fill(slots, [due(1, n, "slow:443") for n in range(9)] + [due(1, 50)])
    assert len(begun) == PER_HOST + 1


def test_there_are_never_more_than_all_slots(slots: DeliverySlots) -> None:
    begun = fill(slots, [due(account, n) for account in range(50) for n in range(4)])
    assert len(begun) == SLOTS


def test_slots_are_kept_free_of_accounts_that_held_them_long(
    slots: DeliverySlots, clock: Clock
) -> None:
    hostile = [due(account, n) for account in range(20) for n in range(20)]
    first = fill(slots, hostile)
    assert len(first) == SLOTS
    clock.now += 15
    for one in first:
        slots.release(one, failed=True)
    assert len(fill(slots, [one for one in hostile if one not in first])) == SLOTS - KEPT_FREE
    honest = fill(slots, [due(100 + n) for n in range(30)])
    assert len(honest) == KEPT_FREE


def test_the_account_that_used_least_comes_first(slots: DeliverySlots, clock: Clock) -> None:
    one = due(1)
    slots.take(one)
    clock.now += 3
    slots.release(one, failed=False)
    chosen = slots.next_of([due(1, 1), due(2, 9)])
    assert chosen is not None
    assert chosen.account_id == 2


def test_use_is_forgotten(slots: DeliverySlots, clock: Clock) -> None:
    others = [due(n) for n in range(10, 10 + SLOTS - KEPT_FREE)]
    for one in [*others, due(1)]:
        slots.take(one)
    clock.now += HEAVY_S + 1
    slots.release(due(1), failed=False)
    assert slots.next_of([due(1, 1)]) is None  # the others are heavy, and fill their part
    for one in others:
        slots.release(one, failed=False)
    clock.now += 600
    refill = fill(slots, [due(n, 1) for n in range(10, 10 + SLOTS)])
    assert len(refill) == SLOTS


def hang(slots: DeliverySlots, clock: Clock, one: Due) -> None:
    chosen = slots.next_of([one])
    assert chosen is not None
    slots.take(chosen)
    clock.now += HANG_S
    slots.release(chosen, failed=True)


def test_a_host_that_hangs_rests_longer_and_longer(slots: DeliverySlots, clock: Clock) -> None:
    for number in range(TRIPS):
        hang(slots, clock, due(1, number, "h:1"))
    assert slots.next_of([due(1, 9, "h:1")]) is None
    clock.now += PAUSE_S - 1
    assert slots.next_of([due(1, 9, "h:1")]) is None
    clock.now += 1
    assert len(fill(slots, [due(1, n, "h:1") for n in (9, 10)])) == 1  # one tries it
    clock.now += HANG_S
    slots.release(due(1, 9, "h:1"), failed=True)
    clock.now += 2 * PAUSE_S - 1
    assert slots.next_of([due(1, 11, "h:1")]) is None
    for number in range(20, 30):
        clock.now += LONGEST_PAUSE_S
        hang(slots, clock, due(1, number, "h:1"))
    clock.now += LONGEST_PAUSE_S - 1
    assert slots.next_of([due(1, 40, "h:1")]) is None


def test_a_receiver_that_answers_again_is_trusted_again(slots: DeliverySlots, clock: Clock) -> None:
    for number in range(TRIPS):
        hang(slots, clock, due(1, number, "h:1"))
    clock.now += PAUSE_S
    one = due(1, 9, "h:1")
    slots.take(one)
    clock.now += 1
    slots.release(one, failed=False)
    assert len(fill(slots, [due(1, n, "h:1") for n in range(10, 14)])) == PER_HOST


def test_hangs_of_one_account_are_not_held_against_another(
    slots: DeliverySlots, clock: Clock
) -> None:
    for number in range(TRIPS + 2):
        clock.now += LONGEST_PAUSE_S
        hang(slots, clock, due(1, number, "hooks.slack.com"))
    assert slots.next_of([due(1, 9, "hooks.slack.com")]) is None
    assert slots.next_of([due(2, 9, "hooks.slack.com")]) is not None


def test_quick_failures_are_no_hangs(slots: DeliverySlots) -> None:
    for number in range(TRIPS + 2):
        one = due(1, number, "h:1")
        slots.take(one)
        slots.release(one, failed=True)
    assert slots.next_of([due(1, 9, "h:1")]) is not None


def test_what_is_remembered_is_bounded(
    slots: DeliverySlots, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.webhooks.delivery_slots._MOST_REMEMBERED", 10)
    for account in range(100):
        one = due(account)
        slots.take(one)
        clock.now += HANG_S
        slots.release(one, failed=True)
        clock.now += 1000
    assert len(slots._usage) <= 11
    assert len(slots._breakers) <= 11
