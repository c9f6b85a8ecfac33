"""Keeps what was read of runs that have ended: their samples stay as they are.

Comparisons are looked at page by page and answer by answer, what is shared by anybody: each look
would read all samples of all its runs, a tenth of a second of CPU and more for six long ones.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from app.models import FINISHED, Run

MOST_SAMPLES = 300_000
"""Of all that is kept together, those of each run counted."""

Found = TypeVar("Found")


class EndedRuns:
    """What was read, by runs; what was not asked for the longest goes first.

    Args:
        most_samples: Of the runs of all that is kept.
    """

    def __init__(self, most_samples: int = MOST_SAMPLES) -> None:
        self._most_samples = most_samples
        self._lock = threading.Lock()
        self._kept: OrderedDict[Any, tuple[int, Any]] = OrderedDict()

    def read(self, read: Callable[..., Found], runs: Sequence[Run], **options: Any) -> Found:
        """Return ``read(ids of the runs, **options)``; of runs that have ended, as it was read.

        What it returns is shared: nobody changes it.
        """
        ids = [run.id for run in runs]
        if any(run.status not in FINISHED or run.finished_at is None for run in runs):
            return read(ids, **options)
        # A run that is taken up again ends as another attempt.
        ends = tuple((run.id, run.attempt, run.finished_at, run.done) for run in runs)
        key = (read, ends, tuple(options.items()))
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                found: Found = self._kept[key][1]
                return found
        found = read(ids, **options)
        with self._lock:
            self._kept[key] = (sum(run.done for run in runs), found)
            while sum(samples for samples, _ in self._kept.values()) > self._most_samples:
                self._kept.popitem(last=False)
        return found

    def forget(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._kept.clear()


ended_runs = EndedRuns()
"""Of this process."""
