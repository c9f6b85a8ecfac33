"""Assigns delivery slots fairly among accounts, and rests hosts that hang.

Plain values and a clock, no database: the courier asks, the database is asked by others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

SLOTS = 32
PER_ACCOUNT = 4
PER_HOST = 2
"""Of one account's attempts at the same time; of those to one host of that account's."""

HEAVY_S = 10.0
"""An account that held slots for longer lately may use only those that are not kept free."""

KEPT_FREE = SLOTS // 2
HALF_LIFE_S = 60.0
"""After so long, half of what an account used is forgotten."""

HANG_S = 5.0
TRIPS = 3
PAUSE_S = 30.0
LONGEST_PAUSE_S = 480.0
"""A failure that took ``HANG_S`` is a hang; after ``TRIPS`` in a row the host rests for a while,
then one attempt tries it, and each further hang doubles the rest."""

_MOST_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that is due.

    Attributes:
        delivery_id: Its id.
        made: Attempts made so far, by which it is claimed.
        account_id: Whose endpoint it goes to.
        host: Host and port of the endpoint.
        at: Since when it is due.
    """

    delivery_id: str
    made: int
    account_id: int
    host: str
    at: datetime

    @property
    def place(self) -> Place:
        """The host, per account: hangs must not count against other accounts."""
        return self.account_id, self.host


Place = tuple[int, str]


@dataclass(slots=True)
class _Usage:
    """An account's recent use of slots; older use counts less."""

    seconds: float = 0.0
    at: float = 0.0

    def now(self, moment: float) -> float:
        return float(self.seconds * 0.5 ** ((moment - self.at) / HALF_LIFE_S))

    def add(self, seconds: float, moment: float) -> None:
        self.seconds, self.at = self.now(moment) + seconds, moment


@dataclass(slots=True)
class _Breaker:
    """Consecutive hangs of one host of an account, and until when it rests."""

    hangs: int = 0
    rests_until: float = float("-inf")

    def note_hang(self, moment: float) -> None:
        self.hangs += 1
        if self.hangs >= TRIPS:
            rest_s = min(PAUSE_S * 2.0 ** (self.hangs - TRIPS), LONGEST_PAUSE_S)
            self.rests_until = moment + rest_s

    @property
    def suspect(self) -> bool:
        return self.hangs >= TRIPS


@dataclass(slots=True)
class DeliverySlots:
    """The slots of one courier. Not safe to use from several threads at once.

    Args:
        clock: Seconds that never go back.
    """

    clock: Callable[[], float] = time.monotonic
    _taken: dict[str, tuple[Due, float]] = field(default_factory=dict)
    _usage: dict[int, _Usage] = field(default_factory=dict)
    _breakers: dict[Place, _Breaker] = field(default_factory=dict)

    def next_of(self, due: Iterable[Due]) -> Due | None:
        """Return the delivery that gets the next slot; ``None`` if none may.

        The account that holds the fewest slots comes first, then the one that used the least,
        then who has waited longest.
        """
        moment = self.clock()
        free = SLOTS - len(self._taken)
        if free <= 0:
            return None
        used = self._used_by_account(moment)
        heavy = sum(used.get(taken.account_id, 0.0) >= HEAVY_S for taken, _ in self._taken.values())

        def may(one: Due) -> bool:
            if one.delivery_id in self._taken or not self._has_room(one, moment):
                return False
            return used.get(one.account_id, 0.0) < HEAVY_S or heavy < SLOTS - KEPT_FREE

        def rank(one: Due) -> tuple[int, float, datetime]:
            return self._held_by(one.account_id), used.get(one.account_id, 0.0), one.at

        return min(filter(may, due), key=rank, default=None)

    def take(self, one: Due) -> None:
        """Note that an attempt of ``one`` begins."""
        self._taken[one.delivery_id] = one, self.clock()

    def release(self, one: Due, *, failed: bool) -> None:
        """Release the slot of a finished attempt; ``failed``: the receiver did not accept it."""
        moment = self.clock()
        _, since = self._taken.pop(one.delivery_id)
        held_s = moment - since
        self._forget_old(moment)
        self._usage.setdefault(one.account_id, _Usage(at=moment)).add(held_s, moment)
        if failed and held_s >= HANG_S:
            self._breakers.setdefault(one.place, _Breaker()).note_hang(moment)
        else:
            self._breakers.pop(one.place, None)

    def _used_by_account(self, moment: float) -> dict[int, float]:
        used = {account: usage.now(moment) for account, usage in self._usage.items()}
        for one, since in self._taken.values():
            used[one.account_id] = used.get(one.account_id, 0.0) + moment - since
        return used

    def _held_by(self, account_id: int) -> int:
        return sum(one.account_id == account_id for one, _ in self._taken.values())

    def _has_room(self, one: Due, moment: float) -> bool:
        at_host = sum(taken.place == one.place for taken, _ in self._taken.values())
        breaker = self._breakers.get(one.place)
        if breaker is not None and (
            moment < breaker.rests_until or (breaker.suspect and at_host)  # one tries it
        ):
            return False
        return at_host < PER_HOST and self._held_by(one.account_id) < PER_ACCOUNT

    def _forget_old(self, moment: float) -> None:
        """Keep the memory bounded, whatever hosts accounts think of."""
        if len(self._usage) > _MOST_REMEMBERED:
            self._usage = {
                account: usage for account, usage in self._usage.items() if usage.now(moment) > 0.1
            }
        if len(self._breakers) > _MOST_REMEMBERED:
            self._breakers = {
                place: breaker
                for place, breaker in self._breakers.items()
                if breaker.rests_until > moment
            }
