"""Creates runs and enqueues them."""

from __future__ import annotations

import logging
from typing import Any

from sqlalchemy import func, select

from app.broker import queues
from app.config import Settings
from app.db import db, transaction
from app.engine.own.definition import PREFIX
from app.errors import Conflict, QueueAway, Unavailable
from app.models import Run
from app.models.run import full_config
from app.services.request_keys import KeyClaim, note_made
from app.services.runs.checks import check_request
from app.services.runs.default_limits import without_default_limit
from app.services.runs.estimates import estimate_run
from app.services.runs.preflight import preflight, refuse_failed
from app.services.runs.run_request import NOT_SENT, RunRequest
from app.services.storage.account_storage import require_storage
from app.services.storage.disk_space import require_room

log = logging.getLogger(__name__)

MOST_QUEUED = 1_000
"""Runs of one account: whoever decides whose turn it is looks at all that are queued."""


def submit_run(
    request: RunRequest,
    account_id: int,
    is_admin: bool,
    settings: Settings,
    claim: KeyClaim | None = None,
) -> str:
    """Insert a queued run and enqueue it; returns its id.

    Args:
        request: What is asked for.
        account_id: Whose run it is.
        is_admin: Whether the account also has the environment's connections.
        settings: What this server allows.
        claim: Of the request's ``Idempotency-Key``, if it has one.

    Raises:
        Invalid: The request does not fit, or a check before the start failed
            (``preflight_failed``).
        Conflict: The account may store nothing more, or too many of its runs are queued.
        Unavailable: The queue does not answer, or the disk has no room; no run was made.
    """
    spec = check_request(request, account_id, is_admin, settings)
    require_room()
    require_storage(account_id)
    require_queue_place(account_id)
    if not queues.is_reachable():
        raise QueueAway("no run was started")
    estimate = estimate_run(spec, account_id, settings)
    refuse_failed(preflight(spec, estimate, account_id, is_admin, settings, ask=False))
    run = Run(
        user_id=account_id,
        benchmark=spec.benchmark.name,
        benchmark_version=spec.benchmark.version,
        protocol=spec.protocol.name,
        model=spec.model,
        simulated=spec.connection.simulated,
        config=spec.config,
        total=spec.total,
        estimate=estimate,
        name=request.name,
        tags=list(dict.fromkeys(request.tags)),
        notes=request.notes,
    )
    with transaction() as session:
        session.add(run)
        session.flush()
        run_id, attempt = run.id, run.attempt
        if claim is not None:
            note_made(session, claim, f"/api/v1/runs/{run_id}")
    hand_to_queue(run_id, attempt)
    return run_id


def require_queue_place(account_id: int) -> None:
    """Refuse a further run if too many of the account are queued.

    Raises:
        Conflict: ``too_many_queued``.
    """
    queued = db.session.scalar(
        select(func.count()).where(Run.user_id == account_id, Run.status == "queued")
    )
    if queued and queued >= MOST_QUEUED:
        raise Conflict(
            f"{queued:,} of your runs are queued, which is as many as may be.",
            code="too_many_queued",
            action="Wait until some of them have started, or cancel some.",
        )


def hand_to_queue(run_id: str, attempt: int, alone: bool = False) -> None:
    """Enqueue a committed run; if the queue is down, the sweep does it later."""
    try:
        queues.enqueue_run(run_id, attempt, alone)
    except Unavailable:
        log.warning("queue away, the sweep will enqueue", extra={"run_id": run_id})


def duplicate_request(run: Run, overrides: dict[str, Any]) -> RunRequest:
    """Return the request of an earlier run with some fields changed.

    Raises:
        pydantic.ValidationError: An override does not fit.
    """
    config = full_config(without_default_limit(run.config))
    if config["limit"] is None and config["order"] == "first":
        del config["order"]  # of all samples: it was nobody's choice, a limit has its own default
    kept = {name: value for name, value in config.items() if value is not None or name in NOT_SENT}
    if overrides.get("benchmark", run.benchmark) != run.benchmark:
        del kept["protocol"]  # the other one has its own
        kept.pop("judge", None)
        kept.pop("sample_ids", None)
    elif run.benchmark.startswith(PREFIX):
        kept["benchmark_version"] = run.benchmark_version  # the same questions
    return RunRequest.model_validate(
        {"benchmark": run.benchmark, "model": run.model, "tags": run.tags, **kept, **overrides}
    )
