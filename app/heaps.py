"""How the C library hands out memory to threads."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_M_ARENA_MAX = -8


def share_heaps() -> None:
    """Have all threads allocate from two heaps: one for each costs many threads much memory.

    Forked processes inherit it.
    """
    with suppress(AttributeError, OSError):  # not the GNU library's
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)
