"""Moves runs from one status to the next, by conditional updates with their deliveries."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, literal, or_, select, update
from sqlalchemy.orm import Session

from app.broker import queues
from app.broker.client import get_broker
from app.broker.live import forget, publish
from app.current import get_settings
from app.db import UtcDateTime, changed_rows, db_epoch_s, now, transaction
from app.errors import Conflict, QueueAway
from app.formats import usd
from app.models import ACTIVE, RESUMABLE, RescoredSample, Rescoring, Run
from app.queries.runs import get_run
from app.services.runs.budgets import check_further_budget
from app.services.runs.ends import RunFailure as RunFailure
from app.services.runs.ends import write_end
from app.services.runs.leases import Lease, Outages, released_columns
from app.services.runs.run_log import add_line, push_line
from app.services.runs.scores import final_values
from app.services.runs.submission import hand_to_queue, require_queue_place
from app.services.storage import disk_space
from app.services.storage.account_storage import require_storage
from app.services.storage.disk_space import require_room
from app.services.webhooks import outbox

log = logging.getLogger(__name__)

QUEUE_PATIENCE_S = 5.0
"""A queued run whose job the queue does not know after so long was lost by it."""


def end_run(
    lease: Lease, status: str, *, failure: RunFailure | None = None, values: dict[str, Any]
) -> list[str] | None:
    """Write the end (or pause) of a run and its deliveries in one transaction.

    Args:
        lease: The writer's right; without it nothing happens.
        status: ``completed``, ``failed``, ``canceled`` or ``paused``.
        failure: What happened, unless it completed.
        values: Final columns: counts, score, breakdown, digests.

    Returns:
        The ids of deliveries to enqueue; ``None`` when the lease was lost.
    """
    with transaction() as session:
        mine = update(Run).where(
            Run.id == lease.run_id, Run.lease_token == lease.token, Run.status == "running"
        )
        return write_end(session, mine, lease.run_id, status, failure, values)


def cancel_run(run_id: str, account_id: int) -> None:
    """Cancel a run; one that nobody works on ends at once.

    Raises:
        NotFound: There is no such run in this account.
        Conflict: It is over already.
    """
    run = get_run(run_id, account_id)
    is_worked_on = run.status == "running" and run.lease_until >= now().timestamp()
    values = {} if is_worked_on else final_values(run_id)
    line: str | None = _CANCELED
    was_asked = run.cancel_requested_at is not None
    with transaction() as session:
        idle = update(Run).where(
            Run.id == run_id,
            or_(
                Run.status.in_(("queued", "paused")),
                (Run.status == "running") & (Run.lease_until < db_epoch_s()),
            ),
        )
        deliveries = write_end(session, idle, run_id, "canceled", None, values)
        if deliveries is None:
            asked = session.execute(
                update(Run)
                .where(Run.id == run_id, Run.status == "running")
                .values(
                    cancel_requested_at=func.coalesce(
                        Run.cancel_requested_at, literal(now(), UtcDateTime)
                    ),
                    failure=None,
                )
            )
            if changed_rows(asked) == 0:
                raise Conflict(
                    f"This run is over: it is {run.status}.",
                    code="run_finished",
                    action="Duplicate it to run it again.",
                )
            line = None if was_asked else _CANCELING
        if line:
            add_line(session, run_id, line)
    if line:
        push_line(run_id, line)
    if deliveries is None:
        publish(get_broker(), run_id, "status", {"status": "canceling"})
    outbox.enqueue(deliveries or [])


_CANCELED = "Canceled. Finished samples are kept."
_CANCELING = "Cancel was asked for. Answers under way are waited for and kept."


def resume_run(
    run_id: str, account_id: int, *, retry_errors: bool = False, budget_usd: float | None = None
) -> None:
    """Resume a failed, paused or canceled run; finished samples are kept.

    Scores under other protocols are dropped: they are of the answers so far.

    Args:
        run_id: The run.
        account_id: Its owner.
        retry_errors: Ask the samples that ended in an error again; then a completed run
            with errors can go on, too.
        budget_usd: What the run may cost in all from now on; ``None`` leaves it.

    Raises:
        NotFound: There is no such run in this account.
        Conflict: It is running, there is nothing left to do, the account may store nothing more,
            or too many of its runs are queued.
        Invalid: The budget is spent already, or a price is not known.
        Unavailable: The queue does not answer, or the disk has no room; nothing was changed.
    """
    run = get_run(run_id, account_id)
    require_room()
    require_storage(account_id)
    require_queue_place(account_id)
    if not queues.is_reachable():
        raise QueueAway("the run was not resumed")
    config = run.config
    if budget_usd is not None:
        check_further_budget(run, budget_usd)
        config = {**config, "budget_usd": budget_usd}
    states = RESUMABLE + (("completed",) if retry_errors and run.error else ())
    with transaction() as session:
        gone_on = go_on(
            session,
            (Run.id == run_id) & Run.status.in_(states),
            retry_errors=retry_errors,
            config=config,
            worker_deaths=0,
        )
        line = _resumed_line(run, budget_usd, retry_errors=retry_errors)
        if gone_on:
            add_line(session, run_id, line)
    if not gone_on:
        raise Conflict(
            f"This run is {run.status}: there is nothing to resume.", code="run_not_resumable"
        )
    push_line(run_id, line)
    hand_to_queue(*gone_on[0])


def _resumed_line(run: Run, budget_usd: float | None, *, retry_errors: bool) -> str:
    if retry_errors:
        errors = f"{run.error:,} sample" + ("" if run.error == 1 else "s")
        return f"Resumed, to ask {errors} again that ended in an error."
    done = f"Resumed after {run.done:,} of {run.total:,} samples"
    return f"{done}." if budget_usd is None else f"{done}, with a budget of {usd(budget_usd)}."


def go_on(session: Session, which: ColumnElement[bool], **values: Any) -> list[tuple[str, int]]:
    """Queue finished runs again; returns their ids and attempt numbers.

    Scores under other protocols go: they are of the answers so far.
    """
    rows = session.execute(
        update(Run)
        .where(which)
        .values(
            status="queued",
            attempt=Run.attempt + 1,
            failure=None,
            finished_at=None,
            cancel_requested_at=None,
            scores={},
            lease_token=None,
            lease_until=0.0,
            **values,
        )
        .returning(Run.id, Run.attempt)
    ).all()
    for rescored in (Rescoring, RescoredSample):
        session.execute(delete(rescored).where(rescored.run_id.in_([row.id for row in rows])))
    return [(row.id, row.attempt) for row in rows]


def delete_run(run_id: str, account_id: int) -> None:
    """Delete a run that is over, with its samples.

    Raises:
        NotFound: There is no such run in this account.
        Conflict: It is still active.
    """
    get_run(run_id, account_id)
    with transaction() as session:
        gone = session.execute(delete(Run).where(Run.id == run_id, Run.status.not_in(ACTIVE)))
        if changed_rows(gone) == 0:
            get_run(run_id, account_id)  # deleted meanwhile is no conflict
            raise Conflict(
                "An active run cannot be deleted.", code="run_active", action="Cancel it first."
            )
    forget(get_broker(), [run_id])


def annotate_run(
    run_id: str,
    account_id: int,
    *,
    name: str | None = None,
    tags: list[str] | None = None,
    notes: str | None = None,
) -> None:
    """Change a run's name, tags or notes; ``None`` keeps them.

    Raises:
        NotFound: There is no such run in this account.
    """
    get_run(run_id, account_id)
    changes: dict[str, Any] = {}
    if name is not None:
        changes["name"] = name
    if tags is not None:
        changes["tags"] = list(dict.fromkeys(tags))
    if notes is not None:
        changes["notes"] = notes
    if changes:
        with transaction() as session:
            session.execute(update(Run).where(Run.id == run_id).values(**changes))


_outages = Outages()


def sweep_runs() -> int:
    """Requeue runs that nobody works on; returns how many.

    Covers dead workers (the lease expired), jobs that the queue lost, and a crash between
    commit and enqueue.
    """
    known = queues.queued_job_ids()
    waiting_jobs = queues.waiting_job_ids()
    lost_before = now() - timedelta(seconds=QUEUE_PATIENCE_S)
    settings = get_settings()
    with _outages.transaction(settings.lease_s) as (session, trust):
        expired = _release_expired(session, died=trust.may_blame) if trust.may_release else []
        rows = session.execute(
            select(Run.id, Run.attempt, Run.worker_deaths).where(
                Run.status == "queued", Run.created_at < lost_before
            )
        )
        queued = {run_id: (attempt, deaths) for run_id, attempt, deaths in rows}
        _renumber(session, queued, known - waiting_jobs)
    handed = dict(expired)
    for run_id, (attempt, deaths) in queued.items():
        if queues.run_job_id(run_id, attempt) not in known:
            handed.setdefault(run_id, (attempt, deaths))
    if handed and disk_space.is_full():
        return 0  # they would not be begun
    for run_id, (attempt, deaths) in handed.items():
        log.warning("run handed to the queue again", extra={"run_id": run_id, "attempt": attempt})
        hand_to_queue(run_id, attempt, deaths > 0)
    return len(handed)


def _renumber(session: Session, queued: dict[str, tuple[int, int]], at_work: set[str]) -> None:
    """Renumber runs whose job is working on another run, so that they get a new job."""
    for run_id, (attempt, deaths) in list(queued.items()):
        if queues.run_job_id(run_id, attempt) not in at_work:
            continue
        moved = session.execute(
            update(Run)
            .where(Run.id == run_id, Run.status == "queued", Run.attempt == attempt)
            .values(attempt=attempt + 1)
        )
        if changed_rows(moved):
            queued[run_id] = (attempt + 1, deaths)


def _release_expired(session: Session, *, died: bool) -> list[tuple[str, tuple[int, int]]]:
    rows = session.execute(
        update(Run)
        .where(Run.status == "running", Run.lease_until < db_epoch_s())
        .values(**released_columns(died=died))
        .returning(Run.id, Run.attempt, Run.worker_deaths)
    )
    return [(run_id, (attempt, deaths)) for run_id, attempt, deaths in rows]
