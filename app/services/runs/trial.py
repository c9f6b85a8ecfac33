"""Asks one sample of a run, before the run: a real call, a real verdict, nothing stored."""

from __future__ import annotations

import time
from collections.abc import Sequence
from threading import Event
from typing import Any

from app.config import Settings
from app.db import db
from app.engine.datasets.dataset import Dataset
from app.engine.run.plan import RunEvent
from app.engine.run.runner import run_benchmark
from app.engine.types import CallFailure, Outcome, Sample, SampleResult
from app.errors import Conflict
from app.models import Run, SampleRow
from app.queries.sample_parts import sample_part
from app.queries.samples import sample_view
from app.recorder.result_rows import price_result, sample_row
from app.services.outside_calls import waits
from app.services.runs.checks import RunSpec, check_request
from app.services.runs.estimates import estimate_run
from app.services.runs.plans import PlanError, PreparedRun, prepare
from app.services.runs.preflight import preflight, refuse_failed
from app.services.runs.run_request import RunRequest
from app.services.runs.run_settings import selection_of

PATIENCE_S = 60.0
"""A request waits so long for the answer, and a thread of the web server with it."""


class _Notes:
    """Holds what a run of one sample recorded."""

    def __init__(self) -> None:
        self.results: list[SampleResult] = []

    def record(self, results: Sequence[SampleResult], events: Sequence[RunEvent]) -> bool:
        self.results += results
        return True

    def publish(self) -> None:
        """Tell nobody."""


def try_sample(
    request: RunRequest, account_id: int, is_admin: bool, settings: Settings
) -> dict[str, Any]:
    """Ask the model the first question of a run and score its answer.

    Returns:
        The sample as the API shows it, with ``cost_usd`` (``None``: not known) and ``duration_s``.

    Raises:
        Invalid: The request does not fit, or a check failed (``preflight_failed``).
        Conflict: The questions are not on this machine yet, or the server cannot make the call.
        Limited: The account waits for too many servers already.
    """
    one = request.model_copy(update={"limit": 1, "epochs": 1, "max_connections": 1})
    spec = check_request(one, account_id, is_admin, settings)
    estimate = estimate_run(spec, account_id, settings)
    refuse_failed(preflight(spec, estimate, account_id, is_admin, settings, ask=False))
    samples = sample_part(spec.benchmark, spec.protocol, settings, selection_of(spec.config))
    if not samples:
        raise Conflict(
            "The questions are not on this machine yet.",
            code="data_not_here",
            action="Start the run with a limit of 1: it downloads them first.",
        )
    with waits.held(account_id):
        return _ask(spec, samples[0], account_id, settings)


def _ask(spec: RunSpec, sample: Sample, account_id: int, settings: Settings) -> dict[str, Any]:
    timeout_s = min(spec.config["timeout_s"], PATIENCE_S)
    run = Run(
        user_id=account_id,
        benchmark=spec.benchmark.name,
        benchmark_version=spec.benchmark.version,
        protocol=spec.protocol.name,
        model=spec.model,
        simulated=spec.connection.simulated,
        config={**spec.config, "timeout_s": timeout_s, "max_retries": 0, "sample_ids": None},
        retries=0,
        stored_bytes=0,
    )
    try:
        prepared = prepare(run, settings, lambda _loader, _protocol: _OneSample(sample))
    except PlanError as error:
        raise Conflict(error.message, code=error.code, action=error.action) from None
    db.session.rollback()  # the call may take seconds: no transaction meanwhile
    notes, started = _Notes(), time.monotonic()
    try:
        end = run_benchmark(prepared.plan, prepared.client, notes, Event())
    finally:
        prepared.close()
    # A failure that would end a run belongs to no sample; here it belongs to this one.
    result = notes.results[0] if notes.results else _unanswered(sample, end.error)
    return _view(result, prepared, time.monotonic() - started)


class _OneSample(Dataset):
    """A dataset of one sample that is there already."""

    def __init__(self, sample: Sample) -> None:
        super().__init__((), lambda _records, _support: iter((sample,)))


def _unanswered(sample: Sample, error: CallFailure | None) -> SampleResult:
    return SampleResult(
        sample=sample,
        epoch=1,
        index=0,
        outcome=Outcome.ERROR,
        score=None,
        completion="",
        answer=None,
        explanation="",
        finish_reason=None,
        latency_ms=None,
        attempts=1,
        error=error or CallFailure("no_answer", "The model did not answer.", "Try again."),
    )


def _view(result: SampleResult, prepared: PreparedRun, duration_s: float) -> dict[str, Any]:
    priced = price_result(result, prepared.cost_of, prepared.judge_cost_of)
    cost = priced.spent.cost_usd
    if result.judge_usage is not None:
        judge = priced.spent.judge_cost_usd
        cost = None if cost is None or judge is None else cost + judge
    view = sample_view(SampleRow(**sample_row("", priced, prepared.prompt_shape)))
    return {**view, "rescored": None, "cost_usd": cost, "duration_s": round(duration_s, 3)}
