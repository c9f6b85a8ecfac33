"""Watching a program: started again, given up on, ended with its whole group."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import psutil
import pytest

from app.supervisor import service as service_module
from app.supervisor.service import GaveUp, Service


def _tend_until(service: Service, news: str, timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while news not in (service.tend() or ""):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_crashed_program_is_started_again(tmp_path: Path) -> None:
    code = "import pathlib; pathlib.Path('ran').open('a').write('x'); raise SystemExit(3)"
    service = Service("thing", [sys.executable, "-c", code], tmp_path)
    service.start()
    _tend_until(service, "The thing ended (exit code 3); it is started again.")
    _tend_until(service, "started again")
    assert (tmp_path / "ran").read_text() == "xx"


def test_a_program_that_crashes_again_and_again_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "_LONGEST_PAUSE_S", 0.01)
    service = Service("thing", ["/bin/sh", "-c", "exit 7"], tmp_path)
    service.start()
    with pytest.raises(GaveUp, match="5 times in a row, at last with exit code 7"):
        _tend_until(service, "never told")


def test_a_program_that_ends_for_want_of_room_is_started_until_there_is_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "_LONGEST_PAUSE_S", 0.01)
    full = [True]
    code = "echo x >> ran; exit 7"
    service = Service("thing", ["/bin/sh", "-c", code], tmp_path, lambda: full[0])
    service.start()
    deadline = time.monotonic() + 60
    while not (tmp_path / "ran").exists() or len((tmp_path / "ran").read_text()) < 20:
        service.tend()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    full[0] = False  # from now on it has no excuse
    with pytest.raises(GaveUp):
        _tend_until(service, "never told")


def test_killing_ends_the_whole_process_group(tmp_path: Path) -> None:
    service = Service("thing", ["/bin/sh", "-c", "sleep 60 & echo $! > pid; wait"], tmp_path)
    service.start()
    deadline = time.monotonic() + 60
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    grandchild = psutil.Process(int((tmp_path / "pid").read_text()))
    assert service.is_running()
    service.kill()
    assert not service.is_running()
    psutil.wait_procs([grandchild], timeout=60)
    assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE


def test_a_polite_program_ends_when_asked(tmp_path: Path) -> None:
    service = Service("thing", ["/bin/sleep", "60"], tmp_path)
    service.ask_to_stop()  # not started: nothing to do
    service.start()
    service.ask_to_stop()
    deadline = time.monotonic() + 60
    while service.is_running():
        assert time.monotonic() < deadline
        time.sleep(0.02)
