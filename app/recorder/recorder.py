"""Writes the ledger: batches of results, counts and the lease, in one transaction each."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.db import db_epoch_s
from app.disk import is_full
from app.engine.call_permit import CallPermit
from app.engine.questions import WHOLE, PromptShape
from app.engine.run.plan import RunEvent
from app.engine.types import CallFailure, SampleResult
from app.models import Run, RunEventRow
from app.recorder.counts import Counts
from app.recorder.notices import Notices
from app.recorder.progress import EVENTS_PER_BATCH, SAMPLES_PER_BATCH, Progress, Publish
from app.recorder.result_rows import (
    CostOf,
    PricedResult,
    ReplacedRow,
    event_row,
    price_result,
    sample_row,
    stored_bytes,
    upsert_samples,
)

log = logging.getLogger(__name__)

SampleKey = tuple[str, int]
"""Sample id and epoch."""

DATABASE_PATIENCE_S = 180.0
DATABASE_RETRY_S = 0.5
_SMALL_CHARS = 10_000

GOT_ON_SAMPLES = 100
"""A worker that recorded so many new answers before it died did not die of what the run does."""


class StorageFull(Exception):  # noqa: N818 - a state, not a mistake
    """The disk of the database is full; the run must pause."""


class DbRecorder:
    """Records the results of one run under its lease.

    Args:
        engine: The database.
        run_id: The run.
        token: The lease's fencing token: without it in the row, nothing is written.
        lease_s: For how long each write renews the lease.
        permit: Told of each renewal.
        total: Samples times epochs.
        counts: What the finished rows add up to.
        replaced: Earlier rows that are asked again and will be replaced.
        notices: What earlier attempts told the user.
        publish: Sends live events.
        provider: What a reader calls the other side: the connection's name.
        cost_of: USD of a call; ``None`` where no price is known.
        judge_cost_of: The same for the judge; ``None`` also where none is asked.
        prompt_shape: Where the question stands in the run's prompts.
        metric: Of the benchmark, for live scores.
        find_reason_to_pause: Asked at every commit whether there is room for more.
        make_room: Called on a full disk. If it made room, returns why the run must pause, and
            what failed is tried again.

    Attributes:
        lost: Another worker has the lease; nothing was or will be written.
        cancel_requested: The account wants the run to end.
        pause: Why the run must pause, as long as it is not over anyway.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        run_id: str,
        token: str,
        lease_s: float,
        permit: CallPermit | None = None,
        total: int,
        counts: Counts,
        replaced: Mapping[SampleKey, ReplacedRow],
        notices: Sequence[Mapping[str, Any]] = (),
        publish: Publish,
        provider: str,
        cost_of: CostOf | None,
        judge_cost_of: CostOf | None = None,
        prompt_shape: PromptShape = WHOLE,
        metric: str = "accuracy",
        find_reason_to_pause: Callable[[], CallFailure | None] = lambda: None,
        make_room: Callable[[], CallFailure | None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._run_id = run_id
        self._token = token
        self._lease_s = lease_s
        self._permit = permit or CallPermit()
        self._done_before = counts.done
        self._counts = counts
        self._replaced = dict(replaced)
        self._prompt_shape = prompt_shape
        self._notices = Notices(notices)
        self._publish = publish
        self._cost_of, self._judge_cost_of = cost_of, judge_cost_of
        self._progress = Progress(
            counts,
            total,
            provider,
            is_priced=cost_of is not None,
            is_judge_priced=judge_cost_of is not None,
            prompt_shape=prompt_shape,
            metric=metric,
        )
        self._latest: deque[SampleResult] = deque(maxlen=SAMPLES_PER_BATCH)
        self._latest_events: deque[RunEvent] = deque(maxlen=EVENTS_PER_BATCH)
        self.lost = False
        self.cancel_requested = False
        self.pause: CallFailure | None = None
        self._find_reason_to_pause = find_reason_to_pause
        self._make_room = make_room

    def record(self, batch: Sequence[SampleResult], events: Sequence[RunEvent]) -> bool:
        """Commit a batch and renew the lease; ``False``: stop.

        A database that is away is waited for (the engine holds its calls meanwhile).

        Raises:
            StorageFull: There is no room on the database's disk.
            sqlalchemy.exc.DBAPIError: The database stayed away too long, or refused a row.
        """
        priced = [self._counted(result) for result in batch]
        self._counts.retries += sum(event.kind == "retry" for event in events)
        self._progress.note(events)
        self._notices.note(events)
        self._write_patiently(priced, events)
        self._latest.extend(_without_bulk(result) for result in batch[-SAMPLES_PER_BATCH:])
        self._latest_events.extend(events)
        self.pause = self.pause or self._find_reason_to_pause()
        return not (self.lost or self.cancel_requested or self.pause)

    def _counted(self, result: SampleResult) -> PricedResult:
        """Count a result; returns it with all that was ever spent on its sample."""
        priced = price_result(result, self._cost_of, self._judge_cost_of)
        earlier = self._replaced.pop((result.sample.id, result.epoch), None)
        self._counts.count(priced, earlier)
        return replace(priced, spent=earlier.spent + priced.spent) if earlier else priced

    def publish(self) -> None:
        """Publish the progress, and the samples, log lines and notices since the last call."""
        if self.lost:
            return
        events = self._progress.live_events(list(self._latest), list(self._latest_events))
        notices = self._notices.take_untold()
        self._publish([*events, ("notices", {"notices": notices})] if notices else events)
        self._latest.clear()
        self._latest_events.clear()

    def _write_patiently(self, batch: Sequence[PricedResult], events: Sequence[RunEvent]) -> None:
        give_up_at = time.monotonic() + DATABASE_PATIENCE_S
        rows = [sample_row(self._run_id, priced, self._prompt_shape) for priced in batch]
        lines = [event_row(self._run_id, event) for event in events]
        self._counts.stored_bytes += sum(map(stored_bytes, [*rows, *lines]))
        while True:
            try:
                with self._engine.connect().execution_options(
                    sqlite_begin="IMMEDIATE"
                ) as connection:
                    self._write(connection, rows, lines)
                return
            except (DBAPIError, PoolTimeout) as error:
                if is_full(error):
                    self.pause = self._make_room()
                    if self.pause is None:
                        raise StorageFull from error
                    continue
                if not _is_passing(error) or time.monotonic() > give_up_at:
                    raise
                log.warning("database away, waiting", extra={"run_id": self._run_id})
                time.sleep(DATABASE_RETRY_S)

    def _write(
        self,
        connection: Connection,
        rows: list[dict[str, Any]],
        events: list[dict[str, Any]],
    ) -> None:
        renewed = self._permit.renewing(self._lease_s)
        with connection.begin() as unit:
            row = connection.execute(
                update(Run)
                .where(Run.id == self._run_id, Run.lease_token == self._token)
                .values(
                    lease_until=db_epoch_s() + self._lease_s,
                    cost_usd=self._progress.cost_usd,
                    judge_cost_usd=self._progress.judge_cost_usd,
                    waiting=self._progress.waiting,
                    **self._got_on(),
                    **self._notices.columns(),
                    **self._counts.columns(),
                )
                .returning(Run.cancel_requested_at)
            ).first()
            if row is None:
                self.lost = True
                unit.rollback()
                return
            if rows:
                upsert_samples(connection, rows)
            if events:
                connection.execute(insert(RunEventRow), events)
            self.cancel_requested = row.cancel_requested_at is not None
        renewed()
        self._notices.written()

    def _got_on(self) -> dict[str, int]:
        new = self._counts.done - self._done_before
        return {"worker_deaths": 0} if new >= GOT_ON_SAMPLES else {}


def _without_bulk(result: SampleResult) -> SampleResult:
    """Return the result without its large texts, which are in the ledger."""
    if len(result.completion) + len(result.reasoning) <= _SMALL_CHARS:
        return result
    return replace(result, completion="", reasoning="")


def _is_passing(error: DBAPIError | PoolTimeout) -> bool:
    """Return whether the statement may succeed once the database is back."""
    if isinstance(error, PoolTimeout) or error.connection_invalidated:
        return True
    text = str(error.orig).lower()
    return any(
        word in text
        for word in (
            "locked",
            "connect",
            "server closed",
            "terminating",
            "shutting down",
            "starting up",
        )
    )
