"""How the C library hands out memory to threads, and gives it back."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_OWN_PAGES_BYTES = 256 * 1024


def share_heaps() -> None:
    """Have all threads allocate from two heaps, and return large blocks to the system when freed.

    A heap for each costs many threads much memory. Left alone, the library also raises the size
    from which a block has pages of its own with each large block that is freed, up to 32 MB, and
    keeps what lies below it: a process that once read an upload would hold as much for good.
    Forked processes inherit both.
    """
    with suppress(AttributeError, OSError):  # not the GNU library's
        library = ctypes.CDLL(None)
        library.mallopt(_M_ARENA_MAX, 2)
        library.mallopt(_M_MMAP_THRESHOLD, _OWN_PAGES_BYTES)
