"""Calls to accounts' servers made by web requests, limited per account.

A server that hangs must cost its own account's patience, not the threads that serve everybody.
So calls run in threads of their own, of which an account has a few, and a request waits for them
only so long; so do the requests that wait, of which an account has a few as well.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from app.errors import Limited

CALLS = 24
CALLS_PER_ACCOUNT = 4
WAITING_PER_ACCOUNT = 64
WAITS = 16
WAITS_PER_ACCOUNT = 3

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Wish(Generic[T]):
    account_id: int
    key: Hashable
    do: Callable[[], T]
    answer: Future[T]


class OutsideCalls(Generic[T]):
    """Background calls; the account with the fewest open ones starts the next.

    Args:
        calls: At the same time, of all accounts.
        per_account: At the same time, of one.
    """

    def __init__(self, calls: int = CALLS, per_account: int = CALLS_PER_ACCOUNT) -> None:
        self._calls = calls
        self._per_account = per_account
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(calls, thread_name_prefix="outside")
        self._answers: dict[Hashable, Future[T]] = {}
        self._waiting: list[_Wish[T]] = []
        self._under_way: Counter[int] = Counter()

    def start(self, account_id: int, key: Hashable, do: Callable[[], T]) -> Future[T]:
        """Return the future of the open call ``key``, or start ``do``.

        Raises:
            Limited: The account has too many that have not begun.
        """
        with self._lock:
            known = self._answers.get(key)
            if known is not None:
                return known
            mine = sum(wish.account_id == account_id for wish in self._waiting)
            if mine >= WAITING_PER_ACCOUNT:
                raise _too_many()
            wish = _Wish(account_id, key, do, Future())
            self._answers[key] = wish.answer
            self._waiting.append(wish)
            self._begin()
            return wish.answer

    def _begin(self) -> None:
        while self._under_way.total() < self._calls:
            able = [w for w in self._waiting if self._under_way[w.account_id] < self._per_account]
            if not able:
                return
            wish = min(able, key=lambda each: self._under_way[each.account_id])
            self._waiting.remove(wish)
            self._under_way[wish.account_id] += 1
            self._threads.submit(self._make, wish)

    def _make(self, wish: _Wish[T]) -> None:
        try:
            answer = wish.do()
        except BaseException as error:  # noqa: BLE001 - it belongs to who waits
            self._end(wish)
            wish.answer.set_exception(error)
        else:
            self._end(wish)
            wish.answer.set_result(answer)

    def _end(self, wish: _Wish[T]) -> None:
        with self._lock:
            self._answers.pop(wish.key, None)
            self._under_way[wish.account_id] -= 1
            self._under_way += Counter()  # forgets the zeros
            self._begin()


class Waits:
    """Limits how many web requests of an account wait for other servers."""

    def __init__(self, waits: int = WAITS, per_account: int = WAITS_PER_ACCOUNT) -> None:
        self._waits = waits
        self._per_account = per_account
        self._lock = threading.Lock()
        self._held: Counter[int] = Counter()

    @contextmanager
    def held(self, account_id: int) -> Iterator[None]:
        """Hold one of the account's places.

        Raises:
            Limited: All are taken.
        """
        with self.held_if_free(account_id) as has_place:
            if not has_place:
                raise _too_many()
            yield

    @contextmanager
    def held_if_free(self, account_id: int) -> Iterator[bool]:
        """Hold one of the account's places, if one is free."""
        with self._lock:
            full = self._held.total() >= self._waits
            has_place = not full and self._held[account_id] < self._per_account
            self._held[account_id] += has_place
        try:
            yield has_place
        finally:
            with self._lock:
                self._held[account_id] -= has_place
                self._held += Counter()


waits = Waits()
"""Of this web process."""


def _too_many() -> Limited:
    return Limited(
        "Too many calls to other servers are under way.",
        code="too_many_at_once",
        action="Wait until some of them are done.",
        retry_after_s=5,
    )
