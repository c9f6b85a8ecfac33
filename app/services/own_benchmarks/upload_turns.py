"""Limits concurrent uploads of an account before their bodies are read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from app.config import Settings
from app.engine.own.file_rows import MAX_FILE_BYTES
from app.errors import Limited
from app.services.own_benchmarks.file_turns import take_turn
from app.services.storage.disk_space import require_room

UPLOADS_AT_ONCE = 2


@contextmanager
def upload_turn(account_id: int, settings: Settings, bytes_wanted: int | None) -> Iterator[None]:
    """Hold one of the account's upload turns during a request.

    This is the one place that each upload passes before it takes any disk.

    Args:
        account_id: Whose turns.
        settings: Where data is kept.
        bytes_wanted: How long the request says it is; ``None``: it does not say.

    Raises:
        Limited: All turns are taken.
        Unavailable: The disk has no room for it.
    """
    require_room(MAX_FILE_BYTES if bytes_wanted is None else min(bytes_wanted, MAX_FILE_BYTES))
    with _free_turn(account_id, settings):
        yield


def _free_turn(account_id: int, settings: Settings) -> IO[bytes]:
    names = [f"{account_id}-{number}" for number in range(UPLOADS_AT_ONCE)]
    turn = take_turn(settings.data_dir.resolve() / "upload-turns", names)
    if turn is not None:
        return turn
    raise Limited(
        f"{UPLOADS_AT_ONCE} of your files are already being uploaded.",
        code="uploads_busy",
        action="Wait until they are done, then upload this one.",
        retry_after_s=5,
    )
