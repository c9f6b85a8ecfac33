"""Refuses new work while the disk is nearly full."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NoReturn

from app import disk
from app.config import Settings
from app.current import get_settings
from app.engine.disk_full import DISK_FULL
from app.errors import Unavailable

RETRY_AFTER_S = 30.0


def room(settings: Settings | None = None) -> disk.Room:
    """Return the free space on the disk of DATA_DIR."""
    chosen: Settings = settings or get_settings()
    return disk.measure(chosen.data_dir, chosen.min_free_disk_bytes)


def is_full() -> bool:
    """Return whether the disk of DATA_DIR is full, so that runs must pause."""
    return room().level == "full"


def require_room(bytes_wanted: int = 0) -> None:
    """Refuse new work if the disk has too little room.

    Args:
        bytes_wanted: What the work will surely write; the floor stays free beyond that.

    Raises:
        Unavailable: ``disk_low``; nothing was changed.
    """
    settings = get_settings()
    # Temporary files (uploads on their way, the sandbox's) may be on another disk.
    for place in (settings.data_dir, Path(tempfile.gettempdir())):
        left = disk.measure(place, settings.min_free_disk_bytes)
        if left.level != "ok" or left.free_bytes - bytes_wanted < left.floor_bytes:
            _refuse(left)


def _refuse(left: disk.Room) -> NoReturn:
    raise Unavailable(
        f"The disk of the Studio has too little room ({left.free_bytes // 10**6:,} MB are free), "
        "so nothing new can be started.",
        code="disk_low",
        action="Try again once an admin has freed some space; everything can still be read.",
        retry_after_s=RETRY_AFTER_S,
    )


def write_refused() -> Unavailable:
    """Return the error for a write that failed on a full disk."""
    return Unavailable(
        "The disk of the Studio is full, so nothing can be changed right now.",
        code=DISK_FULL.code,
        action="Nothing was changed. Try again once an admin has freed some space; "
        "everything can still be read.",
        retry_after_s=RETRY_AFTER_S,
    )
