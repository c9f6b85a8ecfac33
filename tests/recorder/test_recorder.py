"""The ledger's writer: whole batches, once each, and nothing without the lease."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine, update
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import QueuePool

from app.db import db, engine_options, now, prepare_engine, transaction
from app.disk import is_full
from app.engine.run.plan import RunEvent
from app.engine.types import Outcome
from app.models import Run, RunEventRow
from app.recorder import Counts, DbRecorder, ReplacedRow, StorageFull, recorder
from app.recorder.progress import LiveEvent
from app.services.accounts.accounts import Account
from app.services.runs.leases import Lease, claim_run
from tests.run_fixtures import add_run, columns_of, expire_lease, result, rows_of


@pytest.fixture
def lease(app_context: Flask, owner: Account) -> Lease:
    taken = claim_run(add_run(owner.id), 10)
    assert taken is not None
    return taken


def make(
    lease: Lease,
    published: list[LiveEvent] | None = None,
    *,
    counts: Counts | None = None,
    replaced: Mapping[tuple[str, int], ReplacedRow] | None = None,
    token: str | None = None,
) -> DbRecorder:
    return DbRecorder(
        db.engine,
        run_id=lease.run_id,
        token=token or lease.token,
        lease_s=30,
        total=4,
        counts=counts or Counts(),
        replaced=replaced or {},
        publish=(published if published is not None else []).extend,
        provider="local",
        cost_of=lambda usage: (usage.input_tokens or 0) / 1000,
    )


def retry(message: str = "Again.", wait_s: float | None = None, kind: Any = "retry") -> RunEvent:
    return RunEvent(kind, datetime.now(UTC), "rate_limit", message, "s1", 1, 1, wait_s)


def test_batches_are_rows_counts_lease_and_live_events(lease: Lease) -> None:
    published: list[LiveEvent] = []
    kept = make(lease, published)
    batch = [
        result(0),
        result(1, Outcome.INCORRECT),
        result(2, Outcome.PARTIAL, score=0.5),
        result(3, Outcome.ERROR),
    ]
    assert kept.record(batch[:2], [retry(wait_s=5)])
    assert kept.record(batch[2:], [])
    assert published == []
    kept.publish()
    row = columns_of(lease.run_id)
    assert (row["done"], row["correct"], row["incorrect"], row["partial"], row["error"]) == (
        4,
        1,
        1,
        1,
        1,
    )
    assert (row["scored"], row["score_sum"], row["score_square_sum"]) == (3, 1.5, 1.25)
    assert (row["input_tokens"], row["output_tokens"], row["retries"]) == (30, 6, 1)
    assert row["cost_usd"] == pytest.approx(0.03)
    assert row["lease_until"] > now().timestamp() + 20
    assert row["waiting"]["provider"] == "local"
    assert [sample.outcome for sample in rows_of(lease.run_id)] == [
        "correct",
        "incorrect",
        "partial",
        "error",
    ]
    error = rows_of(lease.run_id)[3]
    assert error.error == {
        "code": "timeout",
        "message": "No answer within 1 s.",
        "action": "Raise the timeout.",
    }
    assert [name for name, _ in published] == ["event", *["sample"] * 4, "progress"]
    progress = published[-1][1]
    assert (progress["done"], progress["counts"]["partial"]) == (4, 1)
    assert progress["waiting"]["resumes_in_s"] == pytest.approx(5, abs=1)
    sample = published[1][1]
    assert (sample["sample_id"], sample["preview"], sample["target"]) == ("s0", "question 0", "4")


def test_readers_are_told_what_is_new_since_the_last_time(lease: Lease) -> None:
    published: list[LiveEvent] = []
    kept = make(lease, published)
    kept.record([result(0)], [])
    kept.publish()
    kept.record([result(1)], [retry()])
    published.clear()
    kept.publish()
    assert [name for name, _ in published] == ["event", "sample", "progress"]
    assert published[1][1]["sample_id"] == "s1"


def test_notices_are_told_whole_whenever_one_is_new(lease: Lease) -> None:
    published: list[LiveEvent] = []
    kept = make(lease, published)
    kept.record([result(0)], [retry("It refuses temperature.", kind="warning")])
    kept.publish()
    kept.record([result(1)], [retry("Again.")])
    kept.publish()
    another = replace(retry("Another model answers.", kind="warning"), code="other_model")
    kept.record([], [another])
    kept.publish()
    first = {"code": "rate_limit", "message": "It refuses temperature."}
    second = {"code": "other_model", "message": "Another model answers."}
    assert [data["notices"] for name, data in published if name == "notices"] == [
        [first],
        [first, second],
    ]
    assert columns_of(lease.run_id)["notices"] == [first, second]


def test_a_heartbeat_renews_the_lease_and_hears_of_a_cancel(lease: Lease) -> None:
    kept = make(lease)
    expire_lease(lease.run_id)
    assert kept.record([], [])
    assert columns_of(lease.run_id)["lease_until"] > now().timestamp()
    with transaction() as session:
        session.execute(update(Run).values(cancel_requested_at=now()))
    assert not kept.record([result(0)], [])
    assert kept.cancel_requested
    assert not kept.lost
    assert columns_of(lease.run_id)["done"] == 1


def test_without_the_lease_nothing_is_written_or_told(lease: Lease) -> None:
    published: list[LiveEvent] = []
    kept = make(lease, published, token="another")
    before = columns_of(lease.run_id)
    assert not kept.record([result(0)], [retry()])
    kept.publish()
    assert kept.lost
    assert columns_of(lease.run_id) == before
    assert rows_of(lease.run_id) == []
    assert db.session.query(RunEventRow).count() == 0
    assert published == []


def test_an_error_is_replaced_and_anything_else_stays(lease: Lease) -> None:
    first = make(lease)
    first.record([result(0), result(1, Outcome.ERROR)], [])
    ids = [row.id for row in rows_of(lease.run_id)]
    counts = Counts()
    counts.add("correct", 1.0)
    counts.add("error", None)
    second = make(lease, counts=counts, replaced={("s1", 1): ReplacedRow("error")})
    second.record([result(1, Outcome.INCORRECT)], [])
    row = columns_of(lease.run_id)
    assert (row["done"], row["error"], row["incorrect"]) == (2, 0, 1)
    assert [sample.id for sample in rows_of(lease.run_id)] == ids
    third = make(lease)
    third.record([result(0, Outcome.INCORRECT, completion="other")], [])
    assert rows_of(lease.run_id)[0].outcome == "correct"


def test_text_that_no_database_takes_is_made_storable(lease: Lease) -> None:
    kept = make(lease)
    kept.record(
        [result(0, completion="a\0b \ud800", answer="\0", explanation="\ud800")],
        [retry("nul \0 and \ud800")],
    )
    (row,) = rows_of(lease.run_id)
    assert (row.completion, row.answer, row.explanation) == ("a\ufffdb ?", "\ufffd", "?")
    assert db.session.query(RunEventRow).one().message == "nul \ufffd and ?"


class _Flaky:
    """A database that refuses its first connections."""

    def __init__(self, engine: Any, *errors: Exception) -> None:
        self._engine = engine
        self._errors = list(errors)

    def connect(self) -> Any:
        if self._errors:
            raise self._errors.pop(0)
        return self._engine.connect()


def outage(text: str) -> OperationalError:
    return OperationalError("UPDATE", {}, Exception(text))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waits: list[float] = []
    monkeypatch.setattr("app.recorder.recorder.time.sleep", waits.append)
    return waits


@pytest.mark.parametrize(
    "text", ["database is locked", "could not connect to server", "terminating connection"]
)
def test_a_database_that_is_away_is_waited_for_and_counts_once(
    lease: Lease, impatient: list[float], text: str
) -> None:
    kept = make(lease)
    kept._engine = _Flaky(db.engine, outage(text), outage(text))  # type: ignore[assignment]
    assert kept.record([result(0)], [])
    assert len(impatient) == 2
    assert columns_of(lease.run_id)["done"] == 1


def test_a_connection_that_broke_is_waited_for(lease: Lease, impatient: list[float]) -> None:
    broken = DBAPIError("UPDATE", {}, Exception("?"), connection_invalidated=True)
    kept = make(lease)
    kept._engine = _Flaky(db.engine, broken)  # type: ignore[assignment]
    assert kept.record([result(0)], [])


def test_patience_ends(
    lease: Lease, impatient: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "DATABASE_PATIENCE_S", -1.0)
    kept = make(lease)
    kept._engine = _Flaky(db.engine, outage("database is locked"))  # type: ignore[assignment]
    with pytest.raises(OperationalError):
        kept.record([result(0)], [])


@pytest.mark.parametrize(
    "text", ["database or disk is full", "No space left on device", "could not extend file"]
)
def test_a_full_disk_is_said_at_once(lease: Lease, impatient: list[float], text: str) -> None:
    assert is_full(outage(text))
    kept = make(lease)
    kept._engine = _Flaky(db.engine, outage(text))  # type: ignore[assignment]
    with pytest.raises(StorageFull):
        kept.record([result(0)], [])
    assert impatient == []


def test_a_statement_that_is_wrong_is_not_repeated(lease: Lease, impatient: list[float]) -> None:
    kept = make(lease)
    kept._engine = _Flaky(db.engine, outage("no such table"))  # type: ignore[assignment]
    with pytest.raises(OperationalError):
        kept.record([result(0)], [])
    assert impatient == []


def test_a_process_whose_connections_are_all_in_use_waits_for_one(lease: Lease) -> None:
    url = db.engine.url
    options = engine_options(str(url)) | {
        "pool_size": 1,
        "max_overflow": 0,
        "pool_timeout": 0.1,
        "poolclass": QueuePool,
    }
    engine = create_engine(url, **options)
    prepare_engine(engine)
    kept = make(lease)
    kept._engine = engine
    in_use = engine.connect()
    threading.Timer(1.5, in_use.close).start()
    assert kept.record([result(0)], [])
    assert columns_of(lease.run_id)["done"] == 1
    engine.dispose()
