"""Watching a program: started again, given up on, ended with its whole group."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

import psutil
import pytest

from app.supervisor import service as service_module
from app.supervisor.service import GaveUp, Service


def _tend_until(service: Service, news: str, timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while news not in (service.tend() or ""):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _wait_for(path: Path, length: int = 1) -> str:
    deadline = time.monotonic() + 30
    while not path.exists() or len(path.read_text()) < length:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return path.read_text()


def _sleep() -> None:
    time.sleep(60)


def test_a_crashed_program_is_started_again(tmp_path: Path) -> None:
    ran = tmp_path / "ran"

    def crash() -> NoReturn:
        with ran.open("a") as file:
            file.write("x")
        sys.exit(3)

    service = Service("thing", "thing", crash)
    service.start()
    _tend_until(service, "The thing ended (exit code 3); starting it again.")
    _tend_until(service, "starting it again")
    assert ran.read_text() == "xx"


def test_a_program_that_crashes_again_and_again_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service_module, "_LONGEST_PAUSE_S", 0.01)
    service = Service("thing", "thing", lambda: sys.exit(7))
    service.start()
    with pytest.raises(GaveUp, match="5 times in a row, most recently with exit code 7"):
        _tend_until(service, "never told")


def test_a_program_that_ends_for_want_of_room_is_started_until_there_is_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "_LONGEST_PAUSE_S", 0.01)
    full = [True]
    ran = tmp_path / "ran"

    def crash() -> NoReturn:
        with ran.open("a") as file:
            file.write("x")
        sys.exit(7)

    service = Service("thing", "thing", crash, lambda: full[0])
    service.start()
    deadline = time.monotonic() + 60
    while not ran.exists() or len(ran.read_text()) < 10:
        service.tend()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    full[0] = False  # from now on it has no excuse
    with pytest.raises(GaveUp):
        _tend_until(service, "never told")


def test_killing_ends_the_whole_process_group(tmp_path: Path) -> None:
    told = tmp_path / "pid"

    def fork() -> None:
        pid = os.fork()
        if pid:
            told.write_text(f"{pid}.")
        time.sleep(60)

    service = Service("thing", "thing", fork)
    service.start()
    grandchild = psutil.Process(int(_wait_for(told).rstrip(".")))
    assert service.is_running()
    service.kill()
    assert not service.is_running()
    psutil.wait_procs([grandchild], timeout=60)
    assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE


def test_a_program_can_be_killed_before_it_has_come_to_its_group() -> None:
    for _ in range(20):
        service = Service("thing", "thing", _sleep)
        service.start()
        service.kill()
        assert not service.is_running()


def test_a_polite_program_ends_when_asked() -> None:
    service = Service("thing", "thing", _sleep)
    service.ask_to_stop()  # not started: nothing to do
    service.start()
    service.ask_to_stop()
    deadline = time.monotonic() + 60
    while service.is_running():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_program_finds_what_a_new_process_finds(tmp_path: Path) -> None:
    """A session and name of its own, no input, and none of the supervisor's signal handlers."""
    told = tmp_path / "told"

    def tell() -> None:
        handlers = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP)]
        name = psutil.Process().name()
        told.write_text(
            f"{os.getsid(0) == os.getpid()} {os.read(0, 1)!r} {name} "
            f"{handlers == [signal.SIG_DFL] * 2} {signal.pthread_sigmask(signal.SIG_BLOCK, ())}."
        )

    # Of both, whatever they are here: nohup has hang-ups ignored.
    both = (signal.SIGTERM, signal.SIGHUP)
    before = {each: signal.signal(each, lambda number, frame: None) for each in both}
    try:
        service = Service("thing", "thing-title", tell)
        service.start()
        assert _wait_for(told) == "True b'' thing-title True set()."
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        service.kill()
