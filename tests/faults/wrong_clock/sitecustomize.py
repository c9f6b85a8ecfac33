"""Loaded by every Python that runs with a wrong clock: makes ``time.sleep`` work there.

Python sleeps until a moment of the monotonic clock. libfaketime takes that moment for one of the
wrong clock, also where it is told to leave the monotonic clock alone, and so refuses.
"""

from __future__ import annotations

import select
import time
from typing import SupportsIndex


def _sleep(seconds: SupportsIndex | float, /) -> None:
    select.select([], [], [], float(seconds))


time.sleep = _sleep
