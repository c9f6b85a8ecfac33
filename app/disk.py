"""Free space on disks, recognising full ones, and a reserve for the last writes.

Three levels: ``ok``; ``low``, when no new work is taken on; ``full``, when work under way pauses,
while there is still room to write that down.
"""

from __future__ import annotations

import contextlib
import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Level = Literal["ok", "low", "full"]

FULL_SHARE = 4  # full: less than a fourth of the floor is left
RESERVE_SHARE = 80  # the reserve is an eightieth of the disk at most
FLOOR_SHARE = 10  # the floor is a tenth of the disk at most, so that small disks can be used
MAX_RESERVE_BYTES = 16 * 10**6
MIN_FREE_FILES = 200
RESERVE = "reserve"
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
_NO_ROOM_TEXTS = (
    "disk is full",  # SQLite
    "no space left",  # PostgreSQL
    "could not extend",
    "disk quota exceeded",
    "misconf",  # Valkey and Redis, which refuse to write when they cannot keep it
)


@dataclass(frozen=True, slots=True)
class Room:
    """The free space of a disk.

    Attributes:
        free_bytes: What this user may still write.
        floor_bytes: Below it nothing new is begun.
        reserve_bytes: What is to be set aside of it.
        level: See the module.
    """

    free_bytes: int
    floor_bytes: int
    reserve_bytes: int
    level: Level


def measure(folder: Path, floor_bytes: int) -> Room:
    """Return the free space on the disk of ``folder`` (or of its nearest existing parent).

    Args:
        folder: Where data is to be written.
        floor_bytes: Wanted floor; a tenth of the disk is enough.
    """
    state = os.statvfs(_existing(folder))
    free = state.f_bavail * state.f_frsize
    size = state.f_blocks * state.f_frsize
    reserve = min(size // RESERVE_SHARE, MAX_RESERVE_BYTES)
    full = 2 * reserve  # so that a disk stays full when the reserve was given up
    floor = max(min(floor_bytes, size // FLOOR_SHARE), full)
    full = max(full, floor // FULL_SHARE)
    # File systems without a fixed number of files say 0 of 0.
    files_left = state.f_favail if state.f_files else MIN_FREE_FILES
    level: Level = "ok"
    if free < floor:
        level = "low"
    if free < full or files_left < MIN_FREE_FILES // 10:
        level = "full"
    elif files_left < MIN_FREE_FILES:
        level = "low"
    return Room(free, floor, reserve, level)


def is_full(error: BaseException | None) -> bool:
    """Return whether ``error``, or its cause, says that a disk is full."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            return True
        if any(text in str(error).lower() for text in _NO_ROOM_TEXTS):
            return True
        error = error.__cause__ or error.__context__
    return False


def keep_reserve(folder: Path, room: Room) -> None:
    """Reserve space on the disk of ``folder`` while there is plenty."""
    reserve = folder / RESERVE
    size = room.reserve_bytes
    if reserve.exists() or room.free_bytes < room.floor_bytes + size:
        return
    try:
        with open(reserve, "xb") as file:
            os.posix_fallocate(file.fileno(), 0, size)
    except OSError:  # another process was faster, or the disk is full by now
        with contextlib.suppress(OSError):
            if reserve.stat().st_size == 0:
                reserve.unlink()


def release_reserve(folder: Path) -> bool:
    """Release the reserved space, so that the last writes succeed.

    Returns whether there was something: then what failed is worth another try.
    """
    try:
        (folder / RESERVE).unlink()
    except OSError:
        return False
    return True


def _existing(folder: Path) -> Path:
    folder = folder.absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
