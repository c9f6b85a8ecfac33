"""Requeues what the queue or a dead worker lost."""

from __future__ import annotations

from collections.abc import Callable

from app.services.runs.disk_recovery import go_on_when_there_is_room
from app.services.runs.leases import release_lease_of
from app.services.runs.lifecycle import sweep_runs
from app.services.runs.rescoring_claims import sweep_rescorings
from app.services.runs.submission import hand_to_queue
from app.services.storage.leftovers import sweep_leftovers

SWEEPS: dict[str, Callable[[], object]] = {
    "continue what a full disk paused": go_on_when_there_is_room,
    "requeue runs": sweep_runs,
    "requeue rescorings": sweep_rescorings,
    "delete leftovers": sweep_leftovers,
}
"""Chores that heal what was lost, by name. Each runs in an app context; one that fails must not
keep the others from running.
"""


def release_runs_of(pid: int, *, died: bool = True) -> int:
    """Release and requeue the runs of the dead local process ``pid``; returns how many.

    Args:
        pid: The process.
        died: ``False`` where a pool that stops ended it, which is not the runs' doing.
    """
    freed = release_lease_of(pid, died=died)
    for run_id, attempt, alone in freed:
        hand_to_queue(run_id, attempt, alone)
    return len(freed)
