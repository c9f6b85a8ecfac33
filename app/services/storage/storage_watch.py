"""Checks whether an active run still has room for its answers."""

from __future__ import annotations

import time

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app import disk
from app.config import Settings
from app.db import db
from app.engine.disk_full import DISK_FULL
from app.engine.types import CallFailure
from app.services.storage.account_storage import storage_of
from app.services.storage.disk_space import room

DISK_EVERY_S = 1.0
ACCOUNT_EVERY_S = 5.0


class StorageWatch:
    """Decides whether a run must pause; cheap enough for every commit.

    Args:
        account_id: Whose run it is.
        settings: Disk and limits.
    """

    def __init__(self, account_id: int, settings: Settings) -> None:
        self._account_id = account_id
        self._settings = settings
        self._disk_at = self._account_at = float("-inf")
        self._made_room = False

    def look(self) -> CallFailure | None:
        """Return why the run must pause; ``None`` if there is room."""
        moment = time.monotonic()
        if moment - self._disk_at >= DISK_EVERY_S:
            self._disk_at = moment
            if room(self._settings).level == "full":
                return DISK_FULL
        if moment - self._account_at >= ACCOUNT_EVERY_S:
            self._account_at = moment
            return self._check_account()
        return None

    def make_room(self) -> CallFailure | None:
        """Release the disk reserve for the run's last writes; returns why it must pause.

        Returns ``None`` when that was tried before.
        """
        released = disk.release_reserve(self._settings.data_dir)
        first, self._made_room = not self._made_room, True
        return DISK_FULL if released or first else None  # another run may have released it

    def _check_account(self) -> CallFailure | None:
        try:
            storage = storage_of(self._account_id)
        except (DBAPIError, PoolTimeout):
            return None  # away: the recorder waits for it
        finally:
            db.session.remove()  # an open transaction would keep the database from tidying up
        return storage.failure if storage.is_full else None
