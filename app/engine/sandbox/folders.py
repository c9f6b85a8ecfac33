"""The empty folders that programs start in, and what killed workers leave of them.

A folder belongs to the process that holds a lock on it (flock); the kernel lets go of it when the
process ends, however that is. So a sweep can tell whose owner is dead, whatever pids mean here.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_PREFIX = "sandbox-"


@contextlib.contextmanager
def new_folder() -> Iterator[str]:
    """Give an empty folder, for as long as the context lasts."""
    while True:
        path = tempfile.mkdtemp(prefix=_PREFIX)
        lock = _lock(path)
        if lock is not None:
            break  # else a sweep was quicker, and takes it away
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def sweep_folders() -> int:
    """Remove the folders whose owner has ended; return how many.

    Those of other users, and what bears the name but is no folder, are left alone.
    """
    swept = 0
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if path.is_symlink() or path.stat().st_uid != os.geteuid():
                continue
            lock = _lock(str(path))
            if lock is None:
                continue
            try:
                shutil.rmtree(path, ignore_errors=True)
                swept += not path.exists()
            finally:
                os.close(lock)
    return swept


def _lock(path: str) -> int | None:
    """Return a descriptor that holds the folder's lock; ``None`` where another one has it."""
    try:
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.stat(path).st_ino == os.fstat(lock).st_ino:
            return lock
    except OSError:
        pass
    os.close(lock)
    return None
