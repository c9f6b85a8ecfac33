"""Leases of runs: claimed, renewed and released by conditional updates alone.

The clock is the database's, so that workers need not agree on the time. The token is the
fencing token: a worker that lost it (stopped for a while, say) changes nothing any more.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import uuid4

from flask import Flask, current_app
from sqlalchemy import ColumnElement, case, func, literal, null, or_, update
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from app.db import UtcDateTime, changed_rows, db_epoch_s, now, transaction
from app.engine.call_permit import CallPermit, awake_or_not
from app.models import AccountRow, Run

log = logging.getLogger(__name__)

BLAMELESS_S = 150.0
"""After an outage: longer than who ends a run waits for the database (`execution`)."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write to a run, until it expires.

    Attributes:
        permit: Valid for as long as the lease certainly holds.
    """

    run_id: str
    token: str
    duration_s: float
    permit: CallPermit = field(default_factory=CallPermit, compare=False)


def _host() -> str:
    return f"{socket.gethostname()[:40]}/"


def _owner(pid: int) -> str:
    return f"{_host()}{pid}/"


@cache
def _boot() -> str:
    """Return the boot id of the machine; empty where it has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text()[:8] + "-"
    except OSError:
        return ""


def _death() -> ColumnElement[int]:
    """Return 1 for a run whose worker died, for an UPDATE; 0 when its whole machine went down."""
    same_host = Run.lease_token.startswith(_host(), autoescape=True)
    same_boot = Run.lease_token.contains(f"/{_boot()}", autoescape=True)
    restarted = same_host & ~same_boot
    return case((Run.lease_token.is_(None) | restarted, 0), else_=1)


def released_columns(*, died: bool = False) -> dict[str, Any]:
    """Return the values for an UPDATE that releases a run's lease.

    Args:
        died: The worker did not leave it, but died over it or was not heard of again.
    """
    deaths = {"worker_deaths": Run.worker_deaths + _death()} if died else {}
    return {
        **deaths,
        "yielding": False,
        "preparing": None,
        "status": "queued",
        "attempt": Run.attempt + 1,
        "lease_token": None,
        "lease_until": 0.0,
        "active_s": Run.active_s + func.coalesce(db_epoch_s() - Run.claimed_at, 0.0),
        "claimed_at": None,
    }


def claim_run(run_id: str, duration_s: float) -> Lease | None:
    """Take the lease of a queued run, or of a running one whose lease expired.

    Returns ``None`` to the loser of a race: another worker has it, or there is nothing to do.
    """
    token = _owner(os.getpid()) + _boot() + uuid4().hex[:12]
    asked_at = awake_or_not()
    with transaction() as session:
        account_id = session.execute(
            update(Run)
            .where(
                Run.id == run_id,
                Run.status.in_(("queued", "running")),
                or_(Run.lease_token.is_(None), Run.lease_until < db_epoch_s()),
            )
            .values(
                lease_token=token,
                lease_until=db_epoch_s() + duration_s,
                status="running",
                started_at=func.coalesce(Run.started_at, literal(now(), UtcDateTime)),
                claimed_at=db_epoch_s(),
                served_at=db_epoch_s(),
                yielding=False,
                worker_deaths=Run.worker_deaths + _death(),
                # What asked an earlier worker to stop still holds.
                failure=case((Run.cancel_requested_at.is_(None), null()), else_=Run.failure),
            )
            .returning(Run.user_id)
        ).scalar_one_or_none()
        if account_id is None:
            return None
        session.execute(
            update(AccountRow).where(AccountRow.id == account_id).values(served_at=db_epoch_s())
        )
    return Lease(run_id, token, duration_s, CallPermit(asked_at + duration_s))


def renew_lease(lease: Lease) -> bool:
    """Renew the lease; ``False`` if it was lost, and nothing may be written any more."""
    renewed = lease.permit.renewing(lease.duration_s)
    with transaction() as session:
        result = session.execute(
            update(Run)
            .where(Run.id == lease.run_id, Run.lease_token == lease.token)
            .values(lease_until=db_epoch_s() + lease.duration_s)
        )
    if changed_rows(result) == 0:
        return False
    renewed()
    return True


def release_lease(lease: Lease) -> bool:
    """Release an unfinished run, so that another worker continues it at once."""
    with transaction() as session:
        result = session.execute(
            update(Run)
            .where(Run.id == lease.run_id, Run.lease_token == lease.token)
            .values(**released_columns())
        )
    return changed_rows(result) == 1


def release_lease_of(pid: int, *, died: bool = True) -> list[tuple[str, int, bool]]:
    """Release the runs of the dead local process ``pid``.

    Args:
        pid: The process.
        died: ``False`` where it was ended, and not by what it worked on.

    Returns:
        The runs' ids, each with the number of its next attempt, and whether a worker died over
        it.
    """
    mine = Run.lease_token.startswith(_owner(pid), autoescape=True)
    with transaction() as session:
        rows = session.execute(
            update(Run)
            .where(mine, Run.status == "running")
            .values(**released_columns(died=died))
            .returning(Run.id, Run.attempt, Run.worker_deaths)
        )
        return [(run_id, attempt, deaths > 0) for run_id, attempt, deaths in rows]


@contextmanager
def kept_alive(lease: Lease, stop: Event) -> Iterator[None]:
    """Keep renewing the lease during the block; sets ``stop`` if it is lost."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    over = Event()

    def renew() -> None:
        with app.app_context():
            while not over.wait(lease.duration_s / 4):
                try:
                    kept = renew_lease(lease)
                except (DBAPIError, PoolTimeout):
                    log.warning("lease not renewed", extra={"run_id": lease.run_id})
                    continue  # the database may be back before the lease expires
                if not kept:
                    stop.set()
                    return

    thread = Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=5)


@dataclass(frozen=True, slots=True)
class Trust:
    """What an expired lease says about its holder.

    Attributes:
        may_release: The holder does not go on.
        may_blame: And it can only have died.
    """

    may_release: bool
    may_blame: bool


class Outages:
    """Tracks database outages, during which leases expire without anyone's fault.

    Their holders go on as soon as they can. So for as long as a lease lasts, an expired one
    does not mean that its holder is dead. A holder that was preparing or ending its run gives up
    instead, and lets the lease expire: for a while longer, an expired one does not mean that the
    run ended its worker.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ended_at = float("-inf")

    @contextmanager
    def transaction(self, lease_s: float) -> Iterator[tuple[Session, Trust]]:
        """Open a transaction; yields what leases that are expired in it say."""
        began = self._clock()
        try:
            with transaction() as session:
                if self._clock() - began > lease_s / 3:
                    self._ended_at = self._clock()
                since_s = self._clock() - self._ended_at
                yield session, Trust(since_s >= lease_s, since_s >= lease_s + BLAMELESS_S)
        except (OperationalError, PoolTimeout):
            self._ended_at = self._clock()
            raise
