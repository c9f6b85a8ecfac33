"""The storage limit of accounts, counted as samples are committed."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from app.current import get_settings
from app.db import db
from app.engine.types import CallFailure
from app.errors import Conflict
from app.models import Run

_ACTION = "Delete runs that you no longer need, or ask an admin for more space (ACCOUNT_STORAGE_MB)"


@dataclass(frozen=True, slots=True)
class Storage:
    """Used and allowed bytes of an account's stored answers."""

    used_bytes: int
    limit_bytes: int

    @property
    def is_full(self) -> bool:
        """Whether the storage is full."""
        return self.used_bytes >= self.limit_bytes

    @property
    def failure(self) -> CallFailure:
        """The failure shown on a run that has to pause."""
        return CallFailure(
            "account_storage_full",
            "The stored answers of this account have reached its limit of "
            f"{_size(self.limit_bytes)}. Finished samples are kept.",
            f"{_ACTION}; then Resume.",
        )


def storage_of(account_id: int) -> Storage:
    """Return the used and allowed storage of an account."""
    used = db.session.scalar(select(func.sum(Run.stored_bytes)).where(Run.user_id == account_id))
    limit_mb: int = get_settings().account_storage_mb
    return Storage(int(used or 0), limit_mb * 10**6)


def require_storage(account_id: int) -> None:
    """Refuse a new run if the account's storage is full.

    Raises:
        Conflict: ``account_storage_full``.
    """
    storage = storage_of(account_id)
    if storage.is_full:
        raise Conflict(
            f"The stored answers of this account take {_size(storage.used_bytes)} of the "
            f"{_size(storage.limit_bytes)} that it may keep.",
            code=storage.failure.code,
            action=f"{_ACTION}.",
        )


def _size(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"
