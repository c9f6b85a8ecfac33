"""Turns as locks on files: they hold across web processes, and end with their holders."""

from __future__ import annotations

import fcntl
from collections.abc import Iterable
from pathlib import Path
from typing import IO


def take_turn(folder: Path, names: Iterable[str]) -> IO[bytes] | None:
    """Take the first of the named turns that is free; closing the file gives it back.

    Args:
        folder: Where the files are kept; it is made if it is not there.
        names: The turns, one file each.

    Returns:
        ``None`` if all are taken.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in names:
        file = (folder / f"{name}.turn").open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
        else:
            return file
    return None
