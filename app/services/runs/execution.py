"""Works on a run from claim to end; the job around it is thin."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from threading import Event

from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app import disk
from app.broker.client import get_broker
from app.broker.live import forget, publish, publish_many
from app.config import Settings
from app.db import db, db_epoch_s, transaction
from app.engine.disk_full import DISK_FULL
from app.engine.engine_errors import DatasetError
from app.engine.run.plan import RunEnd
from app.engine.run.runner import run_benchmark
from app.formats import percent
from app.models import AccountRow, Run
from app.queries.run_errors import cause_of, error_groups
from app.recorder import GOT_ON_SAMPLES, DbRecorder, StorageFull
from app.services.runs.ends import ACCOUNT_DISABLED, RunFailure, failure_of
from app.services.runs.leases import Lease, claim_run, kept_alive, release_lease
from app.services.runs.lifecycle import end_run
from app.services.runs.plans import PlanError, PreparedRun, build_plan
from app.services.runs.preparation import Interrupted, Preparation
from app.services.runs.scores import final_values
from app.services.runs.submission import hand_to_queue
from app.services.storage import disk_space
from app.services.storage.storage_watch import StorageWatch
from app.services.webhooks import outbox

log = logging.getLogger(__name__)

END_PATIENCE_S = 120.0


MOST_WORKER_DEATHS = 3
"""A run that ended so many workers without getting on would end the next one, too."""


def execute(run_id: str, settings: Settings, draining: Event, leave: Event | None = None) -> None:
    """Claim the run and work on it; does nothing if another worker holds it.

    Args:
        run_id: The run.
        settings: Lease time, datasets, limits.
        draining: Set when this worker must leave: the run goes back to the queue.
        leave: See `execute_claimed`.
    """
    if disk_space.is_full():
        log.warning("disk full, run not begun", extra={"run_id": run_id})
        return  # it stays queued; once there is room, the sweep hands it out again
    lease = claim_run(run_id, settings.lease_s)
    if lease is None:
        log.info("run is taken or over", extra={"run_id": run_id})
        return
    execute_claimed(lease, settings, draining, leave or Event())


def execute_claimed(lease: Lease, settings: Settings, draining: Event, leave: Event) -> None:
    """Work on a claimed run until it ends, pauses, is lost or must be handed over.

    Args:
        lease: The right to it.
        settings: As for `execute`.
        draining: As for `execute`.
        leave: Set when the run must make room: it goes back to the queue once its calls under
            way are answered.
    """
    run_id = lease.run_id
    lost = Event()
    try:
        _refuse_disabled(run_id)
        _refuse_deadly(run_id)
        with kept_alive(lease, lost):
            prepared = build_plan(run_id, settings, Preparation(lease, lost, draining))
        status, failure = _work(lease, prepared, settings, draining, leave)
    except Interrupted as interruption:
        status, failure = _interrupted(interruption, lease)
    except Exception as error:  # noqa: BLE001 - each way to fail has an answer of its own
        outcome = _outcome_of(error, run_id)
        if outcome is None:
            return
        status, failure = outcome
    if status in ("lost", "handed_over"):
        return
    _finish(lease, status, failure, settings)


def _interrupted(interruption: Interrupted, lease: Lease) -> tuple[str, RunFailure | None]:
    """Return the status and failure of a run that was stopped while it was being prepared."""
    if interruption.reason == "canceled":
        return _called_off(lease.run_id)
    if interruption.reason == "handed_over":
        _hand_over(lease)
    return interruption.reason, None


def _outcome_of(error: Exception, run_id: str) -> tuple[str, RunFailure] | None:
    """Return the status and failure for an exception; ``None`` leaves it to the sweep."""
    if isinstance(error, StorageFull):
        return "paused", _FULL
    if isinstance(error, OwnerDisabled):
        return "paused", ACCOUNT_DISABLED
    # The database, a download or a temporary file.
    if isinstance(error, OperationalError | OSError | DatasetError) and disk.is_full(error):
        return "paused", _FULL
    if isinstance(error, PlanError | DatasetError):
        return "failed", RunFailure(error.code, error.message, error.action)
    if isinstance(error, OperationalError | PoolTimeout):
        # The lease runs out, and a worker whose database answers goes on.
        log.warning("database away, run left to the sweep", extra={"run_id": run_id})
        return None
    log.error("run broke", exc_info=error, extra={"run_id": run_id})
    return "failed", _BROKEN


_FULL = failure_of(DISK_FULL)
_BROKEN = RunFailure(
    "internal_error",
    "Something went wrong in the Studio while it worked on this run. Finished samples are kept.",
    "Resume. If it happens again, report it with the lines of the server's log.",
)


class OwnerDisabled(Exception):  # noqa: N818 - a state, not a mistake
    """The account of the run is disabled: it was submitted or resumed while that happened."""


def _refuse_disabled(run_id: str) -> None:
    disabled_at = (
        select(AccountRow.disabled_at)
        .join(Run, Run.user_id == AccountRow.id)
        .where(Run.id == run_id)
    )
    if db.session.scalar(disabled_at) is not None:
        raise OwnerDisabled


def _refuse_deadly(run_id: str) -> None:
    deaths = db.session.scalar(select(Run.worker_deaths).where(Run.id == run_id)) or 0
    if deaths >= MOST_WORKER_DEATHS:
        raise PlanError(
            "worker_died",
            f"This run ended its worker {deaths} times, with fewer than {GOT_ON_SAMPLES} new "
            "samples in between, so it is not tried again. Finished samples are kept.",
            "Lower its connections or max_tokens, or give the server more memory; then Resume.",
        )


def _work(
    lease: Lease, prepared: PreparedRun, settings: Settings, draining: Event, leave: Event
) -> tuple[str, RunFailure | None]:
    """Run the engine; returns the status to write and why."""
    broker = get_broker()
    watch = StorageWatch(prepared.account_id, settings)
    recorder = DbRecorder(
        db.engine,
        run_id=lease.run_id,
        token=lease.token,
        lease_s=lease.duration_s,
        permit=lease.permit,
        total=prepared.total,
        counts=prepared.counts,
        replaced=prepared.replaced,
        notices=prepared.notices,
        publish=lambda events: publish_many(broker, lease.run_id, events),
        provider=prepared.provider,
        cost_of=prepared.cost_of,
        judge_cost_of=prepared.judge_cost_of,
        prompt_shape=prepared.prompt_shape,
        metric=prepared.metric,
        find_reason_to_pause=watch.look,
        make_room=watch.make_room,
    )
    try:
        refusal = _note_start(lease, prepared)
        if refusal is not None:
            return ("lost", None) if refusal == "lost" else _called_off(lease.run_id)
        db.session.remove()  # the engine's threads never use it; free its connection
        plan = replace(prepared.plan, permit=lease.permit)
        end = run_benchmark(plan, prepared.client, recorder, draining, leave)
    finally:
        prepared.close()
    if recorder.lost:
        log.warning("lease lost, nothing more is written", extra={"run_id": lease.run_id})
        if db.session.get(Run, lease.run_id) is None:
            forget(broker, [lease.run_id])  # deleted: nothing of it may stay
        return "lost", None
    if recorder.cancel_requested and prepared.counts.done < prepared.total:
        return _called_off(lease.run_id)
    if end.reason == "stopped" and recorder.pause is not None:
        return "paused", failure_of(recorder.pause)
    if end.reason == "stopped" and not recorder.cancel_requested:
        _hand_over(lease)
        return "handed_over", None
    return _verdict(end, lease)


def _is_called_off(run_id: str) -> bool:
    db.session.rollback()
    asked = select(Run.cancel_requested_at).where(Run.id == run_id)
    return db.session.scalar(asked) is not None


def _called_off(run_id: str) -> tuple[str, RunFailure | None]:
    """Return the status and failure of a run that was asked to stop."""
    left = db.session.scalar(select(Run.failure).where(Run.id == run_id))
    return ("paused", RunFailure(**left)) if left else ("canceled", None)


def _verdict(end: RunEnd, lease: Lease) -> tuple[str, RunFailure | None]:
    if end.error is not None:
        status = "paused" if end.reason == "paused" else "failed"
        return status, failure_of(end.error)
    run = db.session.get_one(Run, lease.run_id)
    errors, allowed = run.error, run.config["max_error_rate"]
    if run.done and errors / run.done > allowed:
        groups = error_groups(run)
        return "failed", RunFailure(
            "too_many_errors",
            f"{errors} of {run.done} samples ended in an error, more than the "
            f"{percent(allowed, 0)} that this run allows: {cause_of(groups)} "
            "All other samples are kept.",
            "Retry errors asks these samples again; the others are kept."
            if any(group.passes for group in groups)
            else groups[0].action or "Duplicate the run, and change what caused the errors.",
        )
    return "completed", None


def _hand_over(lease: Lease) -> None:
    if release_lease(lease):
        row = db.session.execute(
            select(Run.attempt, Run.worker_deaths > 0).where(Run.id == lease.run_id)
        ).first()
        if row is not None:
            attempt, alone = row
            hand_to_queue(lease.run_id, attempt, alone)
            publish(get_broker(), lease.run_id, "status", {"status": "queued"})
        log.info("run handed over", extra={"run_id": lease.run_id})


def _finish(lease: Lease, status: str, failure: RunFailure | None, settings: Settings) -> None:
    ended = _write_end(lease, status, failure, settings)
    if ended is None:
        log.warning("lease lost at the end", extra={"run_id": lease.run_id})
        return
    status, deliveries = ended
    outbox.enqueue(deliveries)
    broker = get_broker()
    publish(broker, lease.run_id, "status", {"status": status})
    publish(broker, lease.run_id, "done", {"status": status})
    log.info("run ended", extra={"run_id": lease.run_id, "status": status})


def _write_end(
    lease: Lease, status: str, failure: RunFailure | None, settings: Settings
) -> tuple[str, list[str]] | None:
    """Write the end, waiting for a database that is away or full.

    Returns:
        The status that was written, and the deliveries to make; ``None``: the lease was lost.
    """
    give_up_at = time.monotonic() + END_PATIENCE_S
    while True:
        try:
            values = final_values(lease.run_id)
            if status == "failed" and _is_called_off(lease.run_id):
                # Whatever failed while the run was being stopped: its owner wanted it to stop.
                status, failure = _called_off(lease.run_id)
            deliveries = end_run(lease, status, failure=failure, values=values)
            return None if deliveries is None else (status, deliveries)
        except (OperationalError, PoolTimeout) as error:
            if time.monotonic() > give_up_at:
                raise
            if disk.is_full(error):
                disk.release_reserve(settings.data_dir)
            log.warning("database away at the end", extra={"run_id": lease.run_id})
            db.session.rollback()
            time.sleep(1)


def _note_start(lease: Lease, prepared: PreparedRun) -> str | None:
    """Write the start of work; returns ``lost`` or ``canceled`` if no call may be made."""
    with transaction() as session:
        row = session.execute(
            update(Run)
            .where(Run.id == lease.run_id, Run.lease_token == lease.token)
            .values(
                total=prepared.total,
                digests=prepared.digests,
                preparing=None,
                lease_until=db_epoch_s() + lease.duration_s,
            )
            .returning(Run.cancel_requested_at)
        ).first()
    if row is None:
        return "lost"
    return "canceled" if row.cancel_requested_at else None
