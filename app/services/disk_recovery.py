"""What happens once a full disk has room again."""

from __future__ import annotations

from flask import current_app

from app import disk
from app.config import Settings
from app.services.disk_space import room
from app.services.run_lifecycle import resume_after_full_disk


def go_on_when_there_is_room() -> int:
    """Set the reserve aside and go on with runs that paused for want of room; returns how many."""
    settings: Settings = current_app.extensions["settings"]
    left = room(settings)
    if left.level != "ok":
        return 0
    disk.keep_reserve(settings.data_dir, left)
    return resume_after_full_disk()
