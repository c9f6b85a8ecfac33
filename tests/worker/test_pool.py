"""The worker pool under what happens to real ones: kills, stops, an absent queue server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from flask import Flask
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from app.broker import queue_server, queues
from tests.queue_fixtures import die_with_tests

ROOT = Path(__file__).parents[2]


class PoolUnderTest:
    """A pool in a process of its own, and the notes of its jobs."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.broker = Redis.from_url(url)
        with (folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "tests/worker/pool_program.py"), str(folder), url],
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                cwd=folder,
                stderr=log,
                preexec_fn=die_with_tests,
            )
        self.family: list[psutil.Process] = []

    def enqueue(self, job: str, tag: str, queue_name: str = queues.RUNS) -> None:
        jobs = Queue(queue_name, connection=self.broker, serializer=JSONSerializer)
        jobs.enqueue(f"tests.worker.sample_jobs.{job}", tag, job_id=f"{job}-{tag}", result_ttl=0)

    def notes(self) -> list[str]:
        file = self.folder / "notes"
        return file.read_text().splitlines() if file.exists() else []

    def noted(self, start: str) -> str:
        """Return the first note that starts so, waiting for it."""
        wait_until(lambda: any(note.startswith(start) for note in self.notes()), start)
        return next(note for note in self.notes() if note.startswith(start))

    def remember_family(self) -> list[psutil.Process]:
        self.family = psutil.Process(self.process.pid).children(recursive=True)
        return self.family

    def close(self) -> None:
        """End it and all that it started, which would take the next test's jobs."""
        family = [*self.family]
        if self.process.poll() is None:
            family += psutil.Process(self.process.pid).children(recursive=True)
            self.process.kill()
        self.process.wait()
        wait_until(lambda: gone(family), "the end of all that the pool had started")
        self.broker.close()


def wait_until(condition: Callable[[], bool], what: str, timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.02)


def gone(family: list[psutil.Process]) -> bool:
    return not any(
        process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in family
    )


@pytest.fixture
def pool(queue_app: Flask, broker_url: str, tmp_path: Path) -> Iterator[PoolUnderTest]:
    running = PoolUnderTest(tmp_path, broker_url)
    yield running
    running.close()


def test_jobs_run_in_an_app_context_with_the_database(pool: PoolUnderTest) -> None:
    pool.enqueue("quick", "a")
    pool.noted("quick a")


def test_a_failing_sweep_is_repeated_and_told_once(pool: PoolUnderTest) -> None:
    wait_until(lambda: pool.notes().count("sweep") >= 2, "two sweeps")
    assert (pool.folder / "log").read_text().count("OSError: the database is away") == 1


def test_sigterm_lets_the_job_checkpoint_and_leaves_nothing(pool: PoolUnderTest) -> None:
    pool.enqueue("slow", "a")
    pool.noted("slow a")
    family = pool.remember_family()
    assert len(family) >= 4
    pool.process.send_signal(signal.SIGTERM)
    assert pool.process.wait(60) == 0
    assert "drained a" in pool.notes()
    assert gone(family)


def test_a_second_sigterm_does_not_kill_the_job(pool: PoolUnderTest) -> None:
    pool.enqueue("stubborn", "a")
    pool.noted("stubborn a")
    pool.process.send_signal(signal.SIGTERM)
    time.sleep(1.2)
    pool.process.send_signal(signal.SIGTERM)
    assert pool.process.wait(60) == 0
    assert "finished a" in pool.notes()


def test_the_death_of_a_jobs_process_is_reported_at_once(pool: PoolUnderTest) -> None:
    pool.enqueue("slow", "a")
    pid = int(pool.noted("slow a").split()[-1])
    os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    pool.noted(f"dead {pid}")
    assert time.monotonic() - began < 15  # the job itself would take 20 s
    pool.enqueue("quick", "b")
    pool.noted("quick b")


def test_a_killed_worker_takes_its_job_along_and_is_replaced(
    pool: PoolUnderTest, queue_app: Flask
) -> None:
    pool.enqueue("slow", "a")
    pid = int(pool.noted("slow a").split()[-1])
    job = psutil.Process(pid)
    worker = job.parent()
    assert worker is not None
    worker.kill()
    began = time.monotonic()
    pool.noted(f"dead {pid}")
    assert time.monotonic() - began < 15  # the job itself would take 20 s
    assert gone([job])
    pool.enqueue("quick", "b")
    pool.noted("quick b")
    with queue_app.app_context():
        wait_until(lambda: not queues.queued_job_ids(), "the dead worker's job is forgotten")
        assert queues.count_workers() == 1


def test_all_end_when_the_pool_itself_is_killed(pool: PoolUnderTest) -> None:
    pool.enqueue("slow", "a")
    pool.noted("slow a")
    family = pool.remember_family()
    pool.process.kill()
    wait_until(lambda: gone(family), "no orphans")
    assert "drained a" in pool.notes()


@pytest.fixture
def own_server() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="obs-outage-") as folder:
        yield Path(folder)


def test_a_running_job_and_its_worker_sit_out_an_outage_of_the_queue(
    own_server: Path, tmp_path: Path
) -> None:
    server = queue_server.ensure(own_server, in_child=die_with_tests)
    assert server is not None
    pool = PoolUnderTest(tmp_path, f"unix://{own_server / queue_server.SOCKET_NAME}")
    try:
        pool.enqueue("stubborn", "a")
        pid = pool.noted("stubborn a").split()[-1]
        before = {process.pid for process in pool.remember_family()} - {int(pid)}
        queue_server.stop(server)
        pool.noted("finished a")
        time.sleep(1.5)
        server = queue_server.ensure(own_server, in_child=die_with_tests)
        assert server is not None
        pool.enqueue("quick", "b")
        pool.noted("quick b")
        assert before <= {process.pid for process in pool.remember_family()}
    finally:
        pool.close()
        if server is not None:
            queue_server.stop(server)


def test_a_stop_does_not_wait_for_an_absent_queue_server(own_server: Path, tmp_path: Path) -> None:
    server = queue_server.ensure(own_server, in_child=die_with_tests)
    assert server is not None
    pool = PoolUnderTest(tmp_path, f"unix://{own_server / queue_server.SOCKET_NAME}")
    try:
        pool.enqueue("slow", "a")
        pool.noted("slow a")
        queue_server.stop(server)
        family = pool.remember_family()
        pool.process.send_signal(signal.SIGTERM)
        assert pool.process.wait(60) == 0
        assert "drained a" in pool.notes()
        assert gone(family)
    finally:
        pool.close()
