"""Shares a memory budget fairly among the calls of a process.

Connections times the largest answer is more memory than a machine has. So what is large is counted
before it is read, and waits while others hold too much. Nobody waits for the same budget twice:
all that a call may need is asked for at once, hence no two calls can wait for each other.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition

_LOOK_EVERY_S = 0.1
_LARGEST_PART = 4
SMALL_BYTES = 16_384
"""What is smaller is not counted: a lock for each short answer costs more than its bytes."""


class ByteBudget:
    """A number of bytes, shared fairly among runs.

    Args:
        total: In bytes. Nobody holds more than a quarter of it as far as it is counted, so that
            something larger waits for no more than that.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self.used = 0
        self.changed = Condition()

    def share(self) -> ByteShare:
        """Return the share of a run, which may hold as much as it leaves free for others."""
        return ByteShare(self)


class ByteShare:
    """One run's share of a budget; without a budget it is unbounded."""

    def __init__(self, budget: ByteBudget | None = None) -> None:
        self._budget = budget
        self._used = 0

    def hold(self) -> Hold:
        """Return the hold of a new call, with no bytes so far."""
        return Hold(self)

    def take(self, size: int, give_up: Callable[[], bool]) -> int | None:
        """Wait until ``size`` bytes may be held; ``None`` when ``give_up`` said so before."""
        budget = self._budget
        if budget is None:
            return 0
        counted = min(size, budget.total // _LARGEST_PART)
        with budget.changed:
            while self._budget is not None and not self._may_take(budget, counted):
                if give_up():
                    return None
                budget.changed.wait(_LOOK_EVERY_S)
            if self._budget is None:  # closed meanwhile
                return 0
            self._add(budget, counted)
        return counted

    def release(self, size: int) -> None:
        """Release ``size`` bytes; a negative size takes more, without waiting."""
        budget = self._budget
        if budget is None or not size:
            return
        with budget.changed:
            if self._budget is None:  # closed meanwhile
                return
            self._add(budget, -size)
            if size > 0:
                budget.changed.notify_all()

    def close(self) -> None:
        """Release all that is held: calls that broke off, or end too late, never do.

        From now on the share is unbounded, so that what they still release does no harm.
        """
        budget = self._budget
        if budget is None:
            return
        with budget.changed:
            self._budget = None
            self._add(budget, -self._used)
            budget.changed.notify_all()

    def _may_take(self, budget: ByteBudget, size: int) -> bool:
        free = budget.total - budget.used - size
        return free >= 0 and (not self._used or self._used + size <= free)

    def _add(self, budget: ByteBudget, size: int) -> None:
        budget.used += size
        self._used += size


class Hold:
    """The bytes that one call holds."""

    __slots__ = ("_share", "_size")

    def __init__(self, share: ByteShare) -> None:
        self._share = share
        self._size = 0

    def reserve(self, size: int, give_up: Callable[[], bool]) -> bool:
        """Wait until this call, which holds nothing, may hold ``size`` bytes.

        Returns:
            ``False`` when ``give_up``, which is asked meanwhile, returned true.
        """
        if size < SMALL_BYTES:
            return True
        counted = self._share.take(size, give_up)
        if counted is None:
            return False
        self._size = counted
        return True

    def resize(self, size: int) -> None:
        """Hold ``size`` bytes from now on; never waits, since they are there already."""
        counted = size if size >= SMALL_BYTES else 0
        if counted != self._size:
            self._share.release(self._size - counted)
            self._size = counted

    def release(self) -> None:
        """Release all bytes."""
        self.resize(0)


UNBOUNDED = ByteShare()
"""For calls whose answers are small or few."""
