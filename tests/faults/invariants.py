"""What must hold after every fault, whatever it was."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from redis import Redis
from sqlalchemy import text

from app.db import db
from app.models import RunEventRow, SampleRow
from tests.faults.processes import wait_until
from tests.faults.studio import CANARY, CONNECTIONS, Studio
from tests.run_fixtures import Receiver

Ledger = dict[tuple[str, int], tuple[Any, ...]]
"""By sample id and epoch: outcome, score, answer, completion."""

COMMIT_S = 0.2
"""An answer is committed so long after it came, at most; until then it is as good as in flight.

20 to 50 ms where it is quiet; two pools, a database and a provider on two cores took 117 ms.
"""


def uncommitted(latency_s: float, connections: int = CONNECTIONS) -> int:
    """Return how many calls can be paid for and not committed, when a worker is killed."""
    return round(connections * (1 + COMMIT_S / latency_s))


def ledger_of(studio: Studio, run_id: str) -> Ledger:
    """Return a run's samples without what differs from run to run."""
    with studio.context():
        rows = db.session.query(SampleRow).filter_by(run_id=run_id).all()
        ledger = {
            (row.sample_id, row.epoch): (row.outcome, row.score, row.answer, row.completion)
            for row in rows
        }
        assert len(ledger) == len(rows), "a sample is there twice"
        return ledger


def check_ledger(studio: Studio, run_id: str, expected: Ledger) -> dict[str, Any]:
    """Check a completed run against an undisturbed one; returns its row."""
    run = studio.run(run_id)
    assert run["status"] == "completed", run["failure"]
    ledger = ledger_of(studio, run_id)
    assert ledger == expected
    assert run["done"] == run["total"] == len(expected)
    outcomes = Counter(row[0] for row in ledger.values())
    for outcome in ("correct", "incorrect", "error", "refused", "truncated", "unparsable"):
        assert run[outcome] == outcomes[outcome], outcome
    scores = [row[1] for row in ledger.values() if row[1] is not None]
    assert run["scored"] == len(scores)
    assert run["score_sum"] == sum(scores)
    assert run["score"]["value"] == sum(scores) / len(scores)
    assert run["lease_token"] is None
    assert run["claimed_at"] is None
    assert run["finished_at"] is not None
    return run


def check_calls(studio: Studio, samples: int, *, paid_twice: int = 0, retries: int = 0) -> int:
    """Check how many calls the provider got; returns the number."""
    calls = studio.provider.calls
    assert samples <= calls <= samples + paid_twice + retries, f"{calls} calls"
    return calls


def check_one_end(studio: Studio, run_id: str, receiver: Receiver, status: str) -> None:
    """Check that the end was told once: on the run's stream, and to the webhook."""
    wait_until(lambda: _ends_told(studio, run_id) > 0, "the end on the run's stream")
    of_end = f"run.{status}"
    wait_until(
        lambda: all(row.status == "delivered" for row in studio.deliveries(run_id)),
        f"delivery {[(row.event, row.status) for row in studio.deliveries(run_id)]}",
    )
    rows = [row for row in studio.deliveries(run_id) if row.event == of_end]
    assert len(rows) == 1
    time.sleep(0.1)
    assert _ends_told(studio, run_id) == 1
    got = [each for each in receiver.received if each.headers["webhook-id"] == rows[0].id]
    assert len(got) == 1
    assert f'"status":"{status}"'.encode() in got[0].body


def _ends_told(studio: Studio, run_id: str) -> int:
    broker = studio.broker()
    try:
        return sum(row[b"e"] == b"done" for _, row in broker.xrange(f"run:{run_id}:events"))
    finally:
        broker.close()


def check_no_secret(studio: Studio) -> None:
    """Search everything that was written anywhere for the planted key."""
    secrets = [CANARY, studio.webhook_secret] if studio.webhook_secret else [CANARY]
    places = {
        "logs": studio.logs(),
        "queue server": _dump_queue(studio),
        "database": _dump_database(studio),
        "events": _dump_events(studio),
        "files": _dump_files(studio.folder / "data"),
    }
    for place, content in places.items():
        for secret in secrets:
            assert secret not in content, f"a secret is in the {place}"


def _dump_queue(studio: Studio) -> str:
    if not studio.queue_answers():
        return ""
    broker = studio.broker()
    try:
        return "\n".join(f"{key!r} {_value(broker, key)!r}" for key in broker.scan_iter())
    finally:
        broker.close()


def _value(broker: Redis, key: str) -> object:
    read: dict[object, Callable[[str], object]] = {
        b"string": broker.get,
        b"hash": broker.hgetall,
        b"set": broker.smembers,
        b"list": lambda name: broker.lrange(name, 0, -1),
        b"zset": lambda name: broker.zrange(name, 0, -1),
        b"stream": broker.xrange,
        b"none": lambda name: None,
    }
    return read[broker.type(key)](key)


def _dump_database(studio: Studio) -> str:
    with studio.context():
        tables = [table.name for table in db.metadata.sorted_tables]
        return "\n".join(
            str(list(db.session.execute(text(f'SELECT * FROM "{name}"'))))  # noqa: S608 - our own
            for name in tables
        )


def _dump_events(studio: Studio) -> str:
    with studio.context():
        return "\n".join(f"{row.message} {row.data}" for row in db.session.query(RunEventRow))


def _dump_files(folder: Path) -> str:
    """Return all files of an installation, with what was deleted from a page of SQLite."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return "\n".join(path.read_bytes().decode("latin-1") for path in files)
