"""Claims on rescorings: requested, taken by a worker, finished or given up.

The row is the truth and the job a hint, as for runs: a scoring whose worker died is handed out
again. Who takes it last wins, and the earlier one can write nothing any more.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import ColumnElement, and_, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.broker import queues
from app.db import changed_rows, db, now, transaction
from app.errors import Conflict, Unavailable
from app.models import Rescoring, Run
from app.services.storage import disk_space

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 3
"""A scoring that ended its worker so often would do it again."""

MOST_PENDING = 20
"""Of one account."""

_QUEUE_PATIENCE_S = 5.0


class LostClaim(Exception):  # noqa: N818 - a state, not a mistake
    """The rescoring was taken over or canceled; nothing may be written."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to do one rescoring.

    Attributes:
        run_id: The run.
        protocol: What was asked for.
        token: In the row while this claim holds.
        attempts: How often the scoring was taken, this time included.
    """

    run_id: str
    protocol: str
    token: str
    attempts: int

    def keep(self, session: Session, done: int) -> None:
        """Record the progress, in the transaction that writes verdicts.

        Raises:
            LostClaim: The claim does not hold any more; roll back.
        """
        result = session.execute(update(Rescoring).where(self._is_mine()).values(done=done))
        if changed_rows(result) == 0:
            raise LostClaim

    def close(self, session: Session) -> None:
        """Delete the request, in the transaction that writes the result.

        Raises:
            LostClaim: The claim does not hold any more; roll back.
        """
        if changed_rows(session.execute(delete(Rescoring).where(self._is_mine()))) == 0:
            raise LostClaim

    def release(self) -> None:
        """Release the claim without counting an attempt, so that another worker can start."""
        with transaction() as session:
            session.execute(
                update(Rescoring)
                .where(self._is_mine())
                .values(token=None, attempts=Rescoring.attempts - 1, done=0)
            )

    def _is_mine(self) -> ColumnElement[bool]:
        return and_(
            Rescoring.run_id == self.run_id,
            Rescoring.protocol == self.protocol,
            Rescoring.token == self.token,
        )


def file_rescoring(run_id: str, protocol: str) -> None:
    """Request a rescoring, unless the same one is already pending.

    The first one of an account goes before all that wait, so that nobody waits for the many of
    another account.

    Raises:
        Conflict: Too many of the account are pending.
    """
    owner = select(Run.user_id).where(Run.id == run_id).scalar_subquery()
    pending = db.session.scalar(
        select(func.count()).select_from(Rescoring).join(Run).where(Run.user_id == owner)
    )
    if pending and pending >= MOST_PENDING:
        raise Conflict(
            f"{pending} of your runs are being scored again or wait for it.",
            code="too_many_rescorings",
            action="Wait until some of them are done.",
        )
    try:
        with transaction() as session:
            session.add(Rescoring(run_id=run_id, protocol=protocol))
    except IntegrityError:
        return  # under way already, or the run was deleted meanwhile
    _enqueue(run_id, protocol, at_front=not pending)


def take_rescoring(run_id: str, protocol: str) -> Claim | None:
    """Claim a requested rescoring; ``None`` if there is none."""
    token = str(uuid4())
    with transaction() as session:
        attempts = session.execute(
            update(Rescoring)
            .where(Rescoring.run_id == run_id, Rescoring.protocol == protocol)
            .values(token=token, attempts=Rescoring.attempts + 1, done=0)
            .returning(Rescoring.attempts)
        ).scalar_one_or_none()
    return None if attempts is None else Claim(run_id, protocol, token, attempts)


def sweep_rescorings() -> int:
    """Requeue lost rescorings; returns how many."""
    asked_before = now() - timedelta(seconds=_QUEUE_PATIENCE_S)
    rows = db.session.execute(
        select(Rescoring.run_id, Rescoring.protocol).where(Rescoring.created_at < asked_before)
    ).all()
    if not rows:
        return 0
    if disk_space.is_full():
        return 0  # they would not be begun
    known = queues.queued_job_ids()
    lost = [row for row in rows if queues.rescore_job_id(*row) not in known]
    for run_id, protocol in lost:
        log.warning("scoring handed to the queue again", extra={"run_id": run_id})
        _enqueue(run_id, protocol)
    return len(lost)


def _enqueue(run_id: str, protocol: str, *, at_front: bool = False) -> None:
    try:
        queues.enqueue_rescore(run_id, protocol, at_front=at_front)
    except Unavailable:
        log.warning("queue away: the sweep will enqueue the scoring", extra={"run_id": run_id})
