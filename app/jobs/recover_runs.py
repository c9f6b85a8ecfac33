"""Requeues what the queue or a dead worker lost."""

from __future__ import annotations

from app.services.runs.disk_recovery import go_on_when_there_is_room
from app.services.runs.leases import release_lease_of
from app.services.runs.lifecycle import sweep_runs
from app.services.runs.rescoring_claims import sweep_rescorings
from app.services.runs.submission import hand_to_queue
from app.services.storage.leftovers import sweep_leftovers


def recover_runs() -> int:
    """Requeue abandoned runs and rescorings; returns how many."""
    handed = go_on_when_there_is_room() + sweep_runs() + sweep_rescorings()
    sweep_leftovers()
    return handed


def release_runs_of(pid: int) -> int:
    """Release and requeue the runs of the dead local process ``pid``; returns how many."""
    freed = release_lease_of(pid)
    for run_id, attempt in freed:
        hand_to_queue(run_id, attempt, alone=True)
    return len(freed)
