"""Worker pools and whole Studios as real processes, and the ways to strike them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from tests.queue_fixtures import die_with_tests

ROOT = Path(__file__).parents[2]


def wait_until(
    condition: Callable[[], object],
    what: str,
    timeout_s: float = 30.0,
    *,
    tell: Callable[[], str] = str,
) -> float:
    """Wait and return how long it took, in seconds; ``tell`` explains why it was in vain."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < timeout_s, f"not in {timeout_s:g} s: {what}\n{tell()}"
        time.sleep(0.02)
    return time.monotonic() - began


class Program:
    """One of our programs, with all the processes that it starts."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *command],
                env=dict(env),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=die_with_tests,
            )

    @property
    def text(self) -> str:
        """What it has written to its log."""
        return self.log.read_text(errors="replace")

    def family(self) -> list[psutil.Process]:
        """Return the program and all its living descendants."""
        try:
            root = psutil.Process(self.process.pid)
            return [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def signal_all(self, what: signal.Signals, family: Sequence[psutil.Process] = ()) -> None:
        """Send a signal to every process of the program."""
        for each in family or self.family():
            with contextlib.suppress(psutil.NoSuchProcess):
                each.send_signal(what)

    def lose_power(self) -> None:
        """Kill -9 everything at once, as the loss of the machine does.

        Stopped first: none may notice the death of another and put its work in order.
        """
        family = self.family()
        self.signal_all(signal.SIGSTOP, family)
        family = self.family()
        self.signal_all(signal.SIGKILL, family)
        self.process.wait(10)
        wait_until(lambda: not any(is_alive(each) for each in family), "all dead", 10)

    def terminate(self, timeout_s: float = 35.0) -> float:
        """Ask it to end, and return how long it took."""
        began = time.monotonic()
        self.process.terminate()
        self.process.wait(timeout_s)
        return time.monotonic() - began

    def close(self) -> None:
        if self.process.poll() is None:
            self.lose_power()


def is_alive(process: psutil.Process) -> bool:
    """Whether it runs or is stopped, and is no mere entry of the process table."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def kill(pid: int, what: signal.Signals = signal.SIGKILL) -> None:
    os.kill(pid, what)
