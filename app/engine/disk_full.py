"""The failure of a run that pauses because the disk is full."""

from __future__ import annotations

from app.engine.types import CallFailure

DISK_FULL = CallFailure(
    "disk_full",
    "The disk of the Studio is full. Finished samples are kept.",
    "Free some space on the server; the run then continues by itself.",
)
