"""The runs that one worker process works on at a time.

Runs mostly wait for their providers. So a process takes one run, whoever's turn it is, and while
it is not busy also takes *guests*: runs of accounts that have fewer than ``WORKERS`` under way. A
model that hangs so holds up nobody but its own account. Where there is no room left, the run of
the account with the most makes room for that of an account with less.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from threading import Event, Thread

from flask import Flask
from sqlalchemy import func, select, true, update
from sqlalchemy.orm import aliased

from app.broker.queues import RUN_TIMEOUT_S
from app.config import Settings
from app.db import changed_rows, db, transaction
from app.models import Run
from app.queries.run_turns import Turn, count_under_way, next_turns
from app.services.runs.execution import execute_claimed
from app.services.runs.leases import Lease, claim_run
from app.services.runs.run_log import publish_line
from app.services.storage import disk_space

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
_REPEAT_ERROR_AFTER_S = 60.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """When a process takes further runs, and when a run makes room for others.

    Attributes:
        seats: Runs at a time.
        connections: With so many calls at a time no further run is taken.
        busy_cores: A process that computes more takes no guests: runs share its interpreter.
        guest_after_s: An idle process is faster; who still waits then becomes a guest.
        room_after_s: So long after it was first seen, a run without a seat is made room for.
        slice_s: So long a run may stay at least,
        stalled_s: or as long as this without any answer.
        stay_s: After so long all runs go back to the queue: their job is ended soon after.
    """

    seats: int = 16
    connections: int = 512
    busy_cores: float = 0.5
    guest_after_s: float = 1.0
    room_after_s: float = 5.0
    slice_s: float = 30.0
    stalled_s: float = 15.0
    stay_s: float = RUN_TIMEOUT_S - 86_400.0


@dataclass(slots=True)
class _Seat:
    """A run that this process works on."""

    lease: Lease
    account_id: int
    connections: int
    is_guest: bool
    is_suspect: bool
    done: int
    leave: Event = field(default_factory=Event)
    taken_at: float = field(default_factory=time.monotonic)
    got_on_at: float = field(default_factory=time.monotonic)
    over: bool = False


class Workbench:
    """Works on several runs at a time, until none is left.

    Args:
        app: For the app context of each run's thread.
        settings: Lease time, ``WORKERS``.
        draining: Set when this process must leave.
        bounds: See there.
    """

    def __init__(
        self, app: Flask, settings: Settings, draining: Event, bounds: Bounds | None = None
    ) -> None:
        self._app = app
        self._settings = settings
        self._draining = draining
        self._bounds = bounds or Bounds()
        self._seats: list[_Seat] = []
        self._changed = Event()
        self._seen: dict[str, float] = {}
        self._looked_at = time.monotonic()
        self._computed_s = time.process_time()
        self._load = 0.0
        self._began_at = time.monotonic()
        self._complained_at = float("-inf")

    def work(self, run_id: str) -> None:
        """Work on the run whose turn it is (perhaps ``run_id``), and on runs that follow."""
        if disk_space.is_full():
            log.warning("disk full, run not begun", extra={"run_id": run_id})
            return  # it stays queued; once there is room, the sweep hands it out again
        if not self._take_next() and not self._take(run_id, is_guest=False):
            log.info("run is taken or over", extra={"run_id": run_id})
        while self._seats:
            self._changed.wait(LOOK_EVERY_S)
            self._changed.clear()
            self._seats = [seat for seat in self._seats if not seat.over]
            self._measure()
            if time.monotonic() - self._began_at >= self._bounds.stay_s:
                for seat in self._staying():
                    seat.leave.set()
            elif self._may_take():
                self._look_patiently()

    def _may_take(self) -> bool:
        suspect = any(seat.is_suspect for seat in self._seats)
        return not (self._draining.is_set() or suspect or disk_space.is_full())

    def _look_patiently(self) -> None:
        try:
            self._look()
        except Exception:  # noqa: BLE001 - whatever it is must not end the runs under way
            if time.monotonic() - self._complained_at > _REPEAT_ERROR_AFTER_S:
                self._complained_at = time.monotonic()
                log.exception("no further run taken")
        finally:
            db.session.remove()

    def _look(self) -> None:
        if all(seat.is_guest for seat in self._staying()) and self._take_next():
            return
        waiting = next_turns(self._bounds.seats, most_under_way=self._settings.workers)
        now = time.monotonic()
        self._seen = {turn.run_id: self._seen.get(turn.run_id, now) for turn in waiting}
        if not waiting:
            return
        if self._has_room():
            for turn in waiting:
                if now - self._seen[turn.run_id] >= self._bounds.guest_after_s:
                    self._take(turn.run_id, is_guest=True)
                    return  # one at a time: each begins with work
        elif now - self._seen[waiting[0].run_id] >= self._bounds.room_after_s:
            self._make_room(waiting[0])

    def _staying(self) -> list[_Seat]:
        return [seat for seat in self._seats if not seat.leave.is_set()]

    def _has_room(self) -> bool:
        staying, bounds = self._staying(), self._bounds
        return (
            self._load < bounds.busy_cores
            and len(staying) < bounds.seats
            and sum(seat.connections for seat in staying) < bounds.connections
        )

    def _stalled(self, seat: _Seat) -> bool:
        return time.monotonic() - seat.got_on_at >= self._bounds.stalled_s

    def _has_had_its_slice(self, seat: _Seat) -> bool:
        return self._stalled(seat) or (time.monotonic() - seat.taken_at >= self._bounds.slice_s)

    def _measure(self) -> None:
        now, computed_s = time.monotonic(), time.process_time()
        if now - self._looked_at >= LOOK_EVERY_S / 2:
            self._load = (computed_s - self._computed_s) / (now - self._looked_at)
            self._looked_at, self._computed_s = now, computed_s

    # Taking

    def _take_next(self) -> bool:
        """Claim the run whose turn it is; ``False`` if none is queued."""
        turns = next_turns(self._bounds.seats)  # several: another worker may be faster
        return any(self._take(turn.run_id, is_guest=False) for turn in turns)

    def _take(self, run_id: str, *, is_guest: bool) -> bool:
        lease = claim_run(run_id, self._settings.lease_s)
        if lease is None:
            return False
        run = db.session.get_one(Run, run_id, populate_existing=True)
        seat = _Seat(
            lease,
            run.user_id,
            run.config["max_connections"],
            is_guest,
            is_suspect=run.worker_deaths > 0,
            done=run.done,
        )
        db.session.rollback()
        Thread(target=self._execute, args=(seat,), name=f"run-{run_id[-6:]}").start()
        self._seats.append(seat)
        return True

    def _execute(self, seat: _Seat) -> None:
        try:
            with self._app.app_context():
                execute_claimed(seat.lease, self._settings, self._draining, seat.leave)
        except Exception:
            log.exception("work on a run broke off", extra={"run_id": seat.lease.run_id})
        finally:
            seat.over = True
            self._changed.set()

    # Making room

    def _make_room(self, waiting: Turn) -> None:
        """Send a run back to the queue whose account has more runs active than others."""
        self._note_progress()
        under_way = count_under_way()
        having_more = [
            seat
            for seat in self._staying()
            if self._has_had_its_slice(seat)
            and under_way.get(seat.account_id, 0) > waiting.under_way
        ]
        if not having_more:
            return
        seat = max(
            having_more,
            key=lambda seat: (self._stalled(seat), under_way[seat.account_id], -seat.taken_at),
        )
        if _ask_to_yield(seat.lease):
            seat.leave.set()
            log.info("run makes room", extra={"run_id": seat.lease.run_id})
            publish_line(
                seat.lease.run_id,
                "Runs of other accounts are waiting: this one makes room once its current calls "
                "are answered, and continues by itself.",
            )

    def _note_progress(self) -> None:
        by_id = {seat.lease.run_id: seat for seat in self._seats}
        rows = db.session.execute(select(Run.id, Run.done).where(Run.id.in_(by_id)))
        for run_id, done in rows:
            seat = by_id[run_id]
            if done != seat.done:
                seat.done, seat.got_on_at = done, time.monotonic()


def _ask_to_yield(lease: Lease) -> bool:
    """Mark a run as making room; ``False`` if enough others already do."""
    other = aliased(Run)
    yielding = (
        select(func.count())
        .select_from(other)
        .where(other.status == "running", other.yielding == true())
        .scalar_subquery()
    )
    queued = (
        select(func.count()).select_from(other).where(other.status == "queued").scalar_subquery()
    )
    with transaction() as session:
        asked = session.execute(
            update(Run)
            .where(Run.id == lease.run_id, Run.lease_token == lease.token, yielding < queued)
            .values(yielding=True)
            .execution_options(synchronize_session=False)
        )
    return changed_rows(asked) == 1
