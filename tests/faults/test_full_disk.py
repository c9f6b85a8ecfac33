"""A full disk, with database, queue server and uploads on it: row 13.

It is full for three minutes with ``--all`` and for half a minute otherwise. Meanwhile nothing
may end, everything can be read, and afterwards nobody has to do anything.
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
import requests
from sqlalchemy.engine import URL

from app.disk import measure
from app.engine.sandbox.sandbox import Sandbox, SandboxUnavailableError
from tests.faults.invariants import (
    Ledger,
    check_calls,
    check_ledger,
    check_no_secret,
    uncommitted,
)
from tests.faults.processes import Program, wait_until
from tests.faults.studio import Studio
from tests.small_disk import disk_of, fill

if TYPE_CHECKING:
    from tests.faults.conftest import Note

LATENCY_S = 0.1
SAMPLES = 400
CONNECTIONS = 2
DISK_MB = 64
QUIET_S = 15.0
"""So long after the disk is full, calls may still be made on this slow machine."""


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of its own, with a folder for temporary files."""
    with disk_of(DISK_MB) as folder:
        (folder / "tmp").mkdir()
        yield folder


@pytest.fixture
def full_s(request: pytest.FixtureRequest) -> float:
    """How long the disk stays full."""
    return 180.0 if request.config.getoption("rows") == "all" else 30.0


class Site:
    """A Studio on a small disk, and what must not change while that is full."""

    def __init__(self, studio: Studio, disk: Path) -> None:
        self.studio = studio
        self.disk = disk
        self.flickers = False  # whoever fills it makes room from time to time
        self.program: Program = studio.start_alone()
        wait_until(lambda: (disk / "data" / "reserve").exists(), "the reserve", tell=studio.story)
        assert studio.token  # made while it can be written
        children = psutil.Process(self.program.process.pid).children()
        self.servers = {each.pid: " ".join(each.cmdline()) for each in children}
        assert len(self.servers) == 3, self.servers

    def level(self) -> str:
        return measure(self.disk, self.studio.settings.min_free_disk_bytes).level

    def check_alive(self) -> None:
        """Check that no program ended and everything can be read."""
        assert self.program.process.poll() is None, self.studio.story()
        for pid, name in self.servers.items():
            assert psutil.pid_exists(pid), f"{name} ended\n{self.studio.story()}"
        status, health = self.studio.http("GET", "/health")
        assert status == 200
        assert health["database"] == "ok", health
        assert health["queue"] == "ok", health
        assert self.studio.http("GET", "/ready")[0] == 200
        for path in ("/api/v1/runs", "/api/v1/benchmarks", "/login"):
            assert self.studio.http("GET", path)[0] == 200, path

    def check_refused(self) -> None:
        """Check that new work is refused with what to do."""
        status, problem = self.studio.http("POST", "/api/v1/runs", {**RUN, "limit": 1})
        if status == 201 and self.flickers:
            return
        assert status == 503, problem
        assert problem["code"] in ("disk_low", "disk_full"), problem
        assert problem["action"]
        level = self.studio.http("GET", "/health")[1]["disk"]
        assert level in ("low", "full") or self.flickers


RUN: dict[str, Any] = {
    "benchmark": "gsm8k",
    "protocol": "openbench",
    "model": "scripted/fake-large",
}


class OtherProgram:
    """Fills the disk, and takes what becomes free for a while."""

    def __init__(self, site: Site) -> None:
        self._ballast = site.disk / "ballast"
        fill(self._ballast)

    def stop(self) -> None:
        self._ballast.unlink()


class Uploads:
    """Benchmarks of own data, one after the other until no more is taken."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._saved: list[str] = []
        row = ",".join(("what is one and one? " * 200, "2")) + "\n"
        size = 4_000_000
        while size > 50_000:
            content = "question,answer\n" + row * (size // len(row))
            status = self._save(f"big-{len(self._saved)}", content)
            if status == 201:
                self._saved.append(f"big-{len(self._saved)}")
            else:
                assert status in (503, 409, 413, 422, 429), status
                size //= 2

    def _save(self, name: str, content: str) -> int:
        studio = self._site.studio
        return requests.post(
            f"http://127.0.0.1:{studio.port}/api/v1/benchmarks/own",
            headers={"Authorization": f"Bearer {studio.token}"},
            files={"file": ("data.csv", content)},
            data={
                "name": name,
                "question": "question",
                "target": "answer",
                "scorer": "exact/number",
            },
            timeout=60,
        ).status_code

    def stop(self) -> None:
        for name in self._saved:
            status, _ = self._site.studio.http("DELETE", f"/api/v1/benchmarks/own/{name}")
            assert status in (204, 404, 503)
        for path in (self._site.disk / "data" / "own").rglob("*"):  # what an admin may do
            if path.is_file():
                path.unlink()


CODE = """
import time
try:
    for number in range(28):
        with open(str(number), "wb", buffering=0) as file:
            file.write(bytes(2**20))
except OSError:
    pass
time.sleep(600)
"""


class ModelCode:
    """Programs of a model that write as much as their sandbox lets them, again and again."""

    def __init__(self, site: Site) -> None:
        tempfile.tempdir = str(site.disk / "tmp")
        self._over = threading.Event()
        sandbox = Sandbox(max_parallel=4)
        try:
            sandbox.check()
        except SandboxUnavailableError as error:
            pytest.skip(f"no sandbox here: {error}")
        site.flickers = True
        self._threads = [
            threading.Thread(target=partial(self._work, sandbox), daemon=True) for _ in range(4)
        ]
        for thread in self._threads:
            thread.start()
        deadline = time.monotonic() + 30
        while site.level() == "ok" and time.monotonic() < deadline:
            time.sleep(0.2)

    def _work(self, sandbox: Sandbox) -> None:
        while not self._over.is_set():
            try:
                sandbox.run(CODE, timeout_s=8.0)
            except OSError:  # no room for its folder
                time.sleep(0.2)

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(30)
        tempfile.tempdir = None


@pytest.mark.timeout(900)
@pytest.mark.row(13, "disk full, by")
@pytest.mark.parametrize(
    "filler", [OtherProgram, Uploads, ModelCode], ids=["program", "upload", "sandbox"]
)
def test_full_disk(
    filler: Callable[[Site], OtherProgram | Uploads | ModelCode],
    small_disk: Path,
    full_s: float,
    make_studio: Callable[..., Studio],
    server_url: URL | None,
    undisturbed: Callable[[int], Ledger],
    rng: random.Random,
    note: Note,
) -> None:
    if server_url is not None:
        pytest.skip("SQLite only")
    at = rng.randint(20, 80)
    studio = make_studio(folder=small_disk, TMPDIR=str(small_disk / "tmp"))
    site = Site(studio, small_disk)
    run_id = studio.submit(SAMPLES, max_connections=CONNECTIONS)
    studio.provider.wait_for_calls(at)
    studio.provider.control(latency_s=2.0)  # it must still be under way when the disk is full
    taken = filler(site)
    began = time.monotonic()
    level, paused_s = site.level(), None
    calls_at_pause, ask_again_at = 0, 0.0
    try:
        while time.monotonic() - began < full_s:
            site.check_alive()
            level = max(level, site.level(), key=("ok", "low", "full").index)
            if site.level() != "ok" and time.monotonic() > ask_again_at:
                ask_again_at = time.monotonic() + 15  # ten a minute are allowed
                site.check_refused()
            run = studio.run(run_id)
            if paused_s is None and run["status"] == "paused":
                assert run["failure"]["code"] == "disk_full", run["failure"]
                assert run["failure"]["action"]
                paused_s = time.monotonic() - began
            if level == "full" and not calls_at_pause and time.monotonic() - began > QUIET_S:
                calls_at_pause = studio.provider.calls
            time.sleep(1)
        if filler is OtherProgram:
            assert level == "full"
            assert paused_s is not None, f"not paused\n{studio.story()}"
            assert studio.provider.calls == calls_at_pause, "it pays for what it cannot keep"
    finally:
        studio.provider.control(latency_s=LATENCY_S)
        taken.stop()
    freed_at = time.monotonic()
    deadline = freed_at + 120
    while studio.status(run_id) != "completed":
        assert time.monotonic() < deadline, f"{studio.run(run_id)['failure']}\n{studio.story()}"
        time.sleep(0.2)
    back_s = time.monotonic() - freed_at
    check_ledger(studio, run_id, undisturbed(SAMPLES))
    pauses = studio.run(run_id)["attempt"]
    spare = (1 + pauses) * uncommitted(LATENCY_S, CONNECTIONS)
    calls = check_calls(studio, SAMPLES, paid_twice=spare)
    wait_until(lambda: site.level() == "ok", "room", 30)
    site.check_alive()
    status, started = studio.http("POST", "/api/v1/runs", {**RUN, "limit": 2})
    assert status == 201, started
    wait_until(lambda: studio.status(started["run_id"]) == "completed", "a new run", 60)
    with closing(sqlite3.connect(small_disk / "data" / "studio.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert "gave up" not in studio.logs().lower()
    check_no_secret(studio)
    paused = "never paused" if paused_s is None else f"paused after {paused_s:.1f} s"
    note.result(
        f"{level} for {full_s:.0f} s: {paused}, completed {back_s:.0f} s after there was room, "
        f"{calls} calls for {SAMPLES}"
    )
