"""A scoring of stored answers that loses its worker: our own row after those of the table."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from app.db import db
from app.models import RescoredSample, Rescoring, RunEventRow
from app.services.runs.rescoring import ask_rescoring
from tests.faults.processes import kill, wait_until
from tests.faults.studio import Studio

if TYPE_CHECKING:
    from tests.faults.conftest import Note

SAMPLES, EPOCHS = 600, 6


def scored_again(studio: Studio) -> int:
    """Return how many answers the scoring under way has done; -1 when there is none."""
    with studio.context():
        row = db.session.execute(db.select(Rescoring.done)).scalar()
        return -1 if row is None else row


@pytest.mark.row(22, "kill -9 while answers are scored again")
@pytest.mark.parametrize("killed", ["the work-horse", "worker and work-horse"])
def test_killed_scoring(killed: str, studio: Studio, note: Note) -> None:
    pool = studio.start_pool()
    run_id = studio.submit(SAMPLES, epochs=EPOCHS, max_connections=100)
    studio.wait_for_status(run_id, "completed")
    first = studio.run(run_id)
    calls = studio.provider.calls
    with studio.context():
        ask_rescoring(run_id, studio.account_id, "inspect")
    wait_until(lambda: scored_again(studio) > 0, "the first verdicts")
    horse = pool.family()[-1]
    worker = horse.parent()
    assert worker is not None
    assert worker.ppid() == pool.process.pid
    if killed == "worker and work-horse":
        # Both at once: neither may see the other die.
        for process in (worker, horse):
            process.send_signal(signal.SIGSTOP)
        kill(worker.pid)
    kill(horse.pid)
    psutil.wait_procs([horse], timeout=5)
    done = scored_again(studio)
    assert 0 < done < SAMPLES * EPOCHS, "killed too late"
    note.point(f"{killed}, {done:,} of {SAMPLES * EPOCHS:,} answers")
    began = time.monotonic()
    wait_until(lambda: scored_again(studio) == -1, "the scoring", 60, tell=studio.story)
    note.result(f"done {time.monotonic() - began:.1f} s later, no call")

    run = studio.run(run_id)
    assert set(run["scores"]) == {"openbench", "inspect"}
    assert run["score"] == first["score"]
    assert run["scores"]["inspect"]["n"] == SAMPLES * EPOCHS
    assert studio.provider.calls == calls
    with studio.context():
        assert db.session.query(RescoredSample).count() == SAMPLES * EPOCHS
        told = db.session.query(RunEventRow).filter_by(run_id=run_id).all()
        assert sum("The model was not called" in event.message for event in told) == 1
