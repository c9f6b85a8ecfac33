"""Writes the end or pause of a run together with its deliveries."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Update, func, literal, or_, select, update
from sqlalchemy.orm import Session

from app.db import UtcDateTime, changed_rows, db_epoch_s, now
from app.engine.types import CallFailure
from app.models import Run
from app.services.runs.scores import final_values
from app.services.webhooks import outbox


@dataclass(frozen=True, slots=True)
class RunFailure:
    """Why a run ended or paused, for its page."""

    code: str
    message: str
    action: str | None = None


ACCOUNT_DISABLED = RunFailure(
    "account_disabled",
    "An administrator disabled this account. Finished samples are kept.",
    "Once it is enabled again, Resume.",
)


def failure_of(cause: CallFailure) -> RunFailure:
    """Return a `CallFailure` as the failure of a run."""
    return RunFailure(cause.code, cause.message, cause.action)


def write_end(
    session: Session,
    statement: Update,
    run_id: str,
    status: str,
    failure: RunFailure | None,
    values: dict[str, Any],
) -> list[str] | None:
    """Execute ``statement``, which ends a run, and write the deliveries of the event.

    Returns:
        The ids of deliveries to enqueue; ``None`` when the statement changed nothing.
    """
    result = session.execute(
        statement.values(
            status=status,
            failure=asdict(failure) if failure else None,
            finished_at=now(),
            active_s=Run.active_s + func.coalesce(db_epoch_s() - Run.claimed_at, 0.0),
            claimed_at=None,
            lease_token=None,
            lease_until=0.0,
            yielding=False,
            cancel_requested_at=None,
            retry_errors=False,
            waiting=None,
            preparing=None,
            **values,
        ).execution_options(synchronize_session=False)
    )
    if changed_rows(result) == 0:
        return None
    session.expire_all()
    return outbox.write(session, session.get_one(Run, run_id))


def pause_runs_with(session: Session, account_id: int, connection: str) -> list[str]:
    """Pause the active runs that use a deleted connection, as model or as judge.

    A run that nobody works on pauses at once. The worker of another one is asked to stop: it
    records the answers under way, and pauses it for the reason left in ``failure``.

    Returns:
        The ids of deliveries to enqueue after the commit.
    """
    failure = RunFailure(
        "connection_deleted",
        f"The connection {connection!r} was deleted. Finished samples are kept.",
        "Add it again in Settings → Connections, then Resume.",
    )
    prefix = f"{connection}/"
    uses_it = or_(
        Run.model.startswith(prefix, autoescape=True),
        Run.config["judge"].as_string().startswith(prefix, autoescape=True),
    )
    mine = (Run.user_id == account_id) & uses_it
    return _pause_active(session, mine, failure)


def pause_runs_of(session: Session, account_id: int) -> list[str]:
    """Pause all active runs of an account that was disabled, as `pause_runs_with` does."""
    return _pause_active(session, Run.user_id == account_id, ACCOUNT_DISABLED)


def _pause_active(session: Session, mine: ColumnElement[bool], failure: RunFailure) -> list[str]:
    deliveries: list[str] = []
    for run_id in session.scalars(select(Run.id).where(mine, Run.status == "queued")).all():
        queued = update(Run).where(Run.id == run_id, Run.status == "queued")
        ended = write_end(session, queued, run_id, "paused", failure, final_values(run_id))
        deliveries += ended or []
    session.execute(
        update(Run)
        .where(mine, Run.status == "running")
        .values(
            failure=asdict(failure),
            cancel_requested_at=func.coalesce(Run.cancel_requested_at, literal(now(), UtcDateTime)),
        )
        .execution_options(synchronize_session=False)
    )
    return deliveries
