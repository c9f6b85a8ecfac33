"""Kills and stops of the process that delivers webhooks, in the middle of an attempt."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import psutil
import pytest
from sqlalchemy import update

from app.db import transaction
from app.models import Webhook
from tests.faults.processes import Program, wait_until
from tests.faults.studio import Studio, jobs_of_deliveries

if TYPE_CHECKING:
    from tests.faults.conftest import Note


@dataclass
class SlowReceiver:
    """A receiver that answers when it may."""

    port: int = 0
    ids: list[str] = field(default_factory=list)
    may_answer: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def slow() -> Iterator[SlowReceiver]:
    state = SlowReceiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            state.ids.append(self.headers["webhook-id"])
            state.may_answer.wait(60)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield state
    state.may_answer.set()
    server.shutdown()
    server.server_close()
    thread.join(10)


def courier_of(pool: Program, slow: SlowReceiver) -> psutil.Process:
    """Return the process of the pool that talks to the receiver."""
    for process in pool.family():
        if any(each.raddr and each.raddr.port == slow.port for each in process.net_connections()):
            return process
    raise AssertionError("no process talks to the receiver")


def under_way(studio: Studio, slow: SlowReceiver) -> tuple[Program, str]:
    """Have an attempt hang in the receiver."""
    with studio.app.app_context(), transaction() as session:
        session.execute(update(Webhook).values(url=f"http://127.0.0.1:{slow.port}/hook"))
    pool = studio.start_pool()
    run_id = studio.submit(4)
    studio.wait_for_status(run_id, "completed")
    wait_until(lambda: slow.ids, "the first attempt", tell=studio.story)
    return pool, run_id


@pytest.mark.row(14, "kill -9 of the courier in an attempt")
def test_killed_courier(studio: Studio, slow: SlowReceiver, note: Note) -> None:
    note.point("while the receiver takes its time")
    pool, run_id = under_way(studio, slow)
    assert f"rq:job:delivery-{slow.ids[0]}-1" in jobs_of_deliveries(studio)
    courier_of(pool, slow).kill()
    wait_until(lambda: not jobs_of_deliveries(studio), "its job is forgotten", tell=studio.story)
    slow.may_answer.set()
    studio.pass_time(60)  # the claim of the one that was killed
    wait_until(lambda: studio.deliveries(run_id)[0].status == "delivered", "delivery")
    (row,) = studio.deliveries(run_id)
    assert row.attempts_made == 2
    assert slow.ids == [row.id] * 2
    assert jobs_of_deliveries(studio) == []
    assert pool.process.poll() is None
    note.result("attempted once more, with the same id")


@pytest.mark.row(14, "SIGTERM while an attempt is under way")
def test_drained_courier(studio: Studio, slow: SlowReceiver, note: Note) -> None:
    note.point("while the receiver takes its time")
    pool, run_id = under_way(studio, slow)
    pool.process.send_signal(signal.SIGTERM)
    threading.Timer(2, slow.may_answer.set).start()
    assert pool.process.wait(40) == 0
    (row,) = studio.deliveries(run_id)
    assert (row.status, row.attempts_made) == ("delivered", 1)
    assert slow.ids == [row.id]
    assert jobs_of_deliveries(studio) == []
    note.result("the attempt ended and was recorded, then the pool")
