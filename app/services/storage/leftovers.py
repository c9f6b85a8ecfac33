"""Removes leftovers: partial downloads, expired sessions, keys of old requests, a long WAL."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import delete

from app.config import Settings
from app.current import get_settings
from app.db import db, now, transaction
from app.models import AuthSession, RequestKey
from app.services.request_keys import KEPT

EVERY_S = 600.0
KEPT_S = 86_400.0
MAX_WAL_BYTES = 64 * 10**6
_PARTS = ("datasets/hub/**/*", "datasets/**/.*", "own/**/*.part", "secrets/tmp*")
"""What processes that were killed leave half done; whole files never have such names.

The first is what Studios before 0.2 kept of the hub besides the records that they made of it.
"""

_swept_at = float("-inf")


def sweep_leftovers() -> None:
    """Remove leftovers, unless that was done recently."""
    global _swept_at
    if time.monotonic() - _swept_at < EVERY_S:
        return
    _swept_at = time.monotonic()
    settings = get_settings()
    remove_parts(settings.data_dir.resolve())
    shorten_wal(settings)
    with transaction() as session:
        session.execute(delete(AuthSession).where(AuthSession.expires_at <= now()))
        session.execute(delete(RequestKey).where(RequestKey.created_at <= now() - KEPT))


def remove_parts(folder: Path) -> int:
    """Remove partial files that have not changed for a day; returns how many."""
    old, removed = time.time() - KEPT_S, 0
    for path in _parts(folder):
        with suppress(OSError):  # another process was faster
            if not path.is_symlink() and path.is_file() and path.stat().st_mtime < old:
                path.unlink()
                removed += 1
    return removed


def _parts(folder: Path) -> Iterator[Path]:
    for pattern in _PARTS:
        yield from folder.glob(pattern)


def shorten_wal(settings: Settings) -> None:
    """Truncate SQLite's write-ahead log, which never shrinks by itself."""
    for path in settings.database_files[1:2]:
        with suppress(FileNotFoundError):
            if path.stat().st_size > MAX_WAL_BYTES:
                # Not in a transaction, which SQLAlchemy's own connections begin.
                with closing(db.engine.raw_connection()) as connection:
                    connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
