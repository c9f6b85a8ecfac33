"""Lets web requests that read all samples of long runs take turns, by account.

Each of them is seconds of CPU and tens of megabytes, and all threads of a process share one core:
at the same time they are no quicker, but take the memory of all of them together.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from app.db import db
from app.errors import Limited, Unavailable
from app.models import Run
from app.queries.sample_lists import SampleFilter
from app.queries.word_search import patience

LONG_SAMPLES = 5_000
LONG_BYTES = 50_000_000
"""Reads of fewer samples need no turn; those of texts none of fewer bytes either."""
WAITING_PER_ACCOUNT = 4
_WAIT_S = 20.0


class LongReads:
    """One at a time; accounts take turns, and one account's own wait in its line.

    Args:
        per_account: So many of an account may wait.
        wait_s: How long.
    """

    def __init__(self, per_account: int = WAITING_PER_ACCOUNT, wait_s: float = _WAIT_S) -> None:
        self._per_account = per_account
        self._wait_s = wait_s
        self._changed = threading.Condition()
        self._busy = False
        self._lines: dict[int, deque[object]] = {}  # whose turn is next comes first

    @contextmanager
    def turn(self, account_id: int, *, samples: int, text_bytes: int = 0) -> Iterator[None]:
        """Hold the turn, if so many samples need one.

        Args:
            account_id: Who reads.
            samples: How many will be read.
            text_bytes: How much of their texts, if those are read.

        Raises:
            Limited: Too many reads of the account wait already.
            Unavailable: Its turn did not come in time.
        """
        if samples < LONG_SAMPLES and text_bytes < LONG_BYTES:
            yield
            return
        self._begin(account_id)
        try:
            yield
        finally:
            with self._changed:
                self._busy = False
                self._changed.notify_all()

    def waiting(self) -> int:
        """Return how many reads wait."""
        with self._changed:
            return sum(map(len, self._lines.values()))

    def _begin(self, account_id: int) -> None:
        mine = object()
        with self._changed:
            if len(self._lines.get(account_id, ())) >= self._per_account:
                raise Limited(
                    "Several pages of long runs are being made for you already.",
                    code="too_many_at_once",
                    action="Wait until they are there, then try again.",
                    retry_after_s=5,
                )
            self._lines.setdefault(account_id, deque()).append(mine)
            try:
                if not self._is_next(mine):
                    db.session.rollback()  # who waits keeps no connection
                    if not self._changed.wait_for(lambda: self._is_next(mine), self._wait_s):
                        raise Unavailable(
                            "Many long runs are being looked at right now.",
                            code="reads_busy",
                            action="Try again in a moment.",
                            retry_after_s=10,
                        )
                self._busy = True
            finally:
                self._leave(account_id, mine)

    def _is_next(self, read: object) -> bool:
        return not self._busy and next(iter(self._lines.values()))[0] is read

    def _leave(self, account_id: int, read: object) -> None:
        line = self._lines.pop(account_id)
        line.remove(read)
        if line:  # behind the other accounts
            self._lines[account_id] = line
        self._changed.notify_all()


long_reads = LongReads()
"""Of this web process."""


@contextmanager
def search_turn(account_id: int, run: Run, wanted: SampleFilter) -> Iterator[None]:
    """Hold the turn for a list of samples that goes through all texts of a run, for a while.

    Raises:
        Limited: Too many reads of the account wait already.
        Unavailable: Its turn did not come in time.
        Invalid: It takes too long.
    """
    if not wanted.goes_through_all:
        yield
        return
    with long_reads.turn(account_id, samples=run.done, text_bytes=run.stored_bytes), patience():
        yield
