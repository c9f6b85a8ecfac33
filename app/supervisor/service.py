"""A program that must keep running, forked from the supervisor."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.context import ForkProcess

from app.lifeline import die_with_parent, name_process, signals_held

GIVE_UP_AFTER = 5  # crashes without a quiet minute in between
QUIET_S = 60.0
_LONGEST_PAUSE_S = 10.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_fork = multiprocessing.get_context("fork")


class GaveUp(Exception):
    """The program keeps ending; the text is for the operator."""


class Service:
    """One child program, started again with growing pauses when it ends.

    It is forked and not executed: what the supervisor has imported is there at once, and the
    memory of it is shared. The supervisor must have no threads and no connections.

    Args:
        name: For messages.
        title: What ``ps -e`` shows, at most 15 letters.
        run: The program; when it returns, it has ended well.
        is_excused: Whether there is a reason outside of the program for it to end, such as a full
            disk, so that it is started again however often that happens.
    """

    def __init__(
        self,
        name: str,
        title: str,
        run: Callable[[], object],
        is_excused: Callable[[], bool] = lambda: False,
    ) -> None:
        self.name = name
        self._title = title
        self._run = run
        self._is_excused = is_excused
        self._process: ForkProcess | None = None
        self._started_at = 0.0
        self._crashes = 0
        self._not_before = 0.0

    def start(self) -> None:
        """Start the program in a session of its own: Ctrl-C is for the supervisor alone."""
        self._started_at = time.monotonic()
        self._process = _fork.Process(target=_in_child, args=(self._title, self._run))
        with signals_held(*_SIGNALS):
            self._process.start()

    def is_running(self) -> bool:
        """Return whether the program runs now."""
        return self._process is not None and self._process.is_alive()

    def tend(self) -> str | None:
        """Restart if it died; return a message for the operator.

        Raises:
            GaveUp: It ended too often.
        """
        if self.is_running():
            return None
        if self._process is not None:
            return self._note_end(self._process.exitcode)
        if time.monotonic() >= self._not_before:
            self.start()
        return None

    def _note_end(self, exit_code: int | None) -> str:
        quiet = time.monotonic() - self._started_at > QUIET_S
        self._crashes = 1 if quiet else self._crashes + 1
        self._process = None
        if self._is_excused():
            self._crashes = min(self._crashes, GIVE_UP_AFTER - 1)
        elif self._crashes >= GIVE_UP_AFTER:
            raise GaveUp(
                f"The {self.name} ended {self._crashes} times in a row, most recently with exit "
                f"code {exit_code}. Its messages above say why."
            )
        # The first time at once: whoever waits for it has done nothing wrong.
        pause_s = 0.0 if self._crashes == 1 else min(2.0 ** (self._crashes - 2), _LONGEST_PAUSE_S)
        self._not_before = time.monotonic() + pause_s
        return f"The {self.name} ended (exit code {exit_code}); starting it again."

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the program; it ends its own children."""
        if self._process is not None and self.is_running():
            self._process.terminate()

    def kill(self) -> None:
        """Kill the program and the rest of its process group."""
        if self._process is not None and self._process.pid is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()  # it may not have come to its group yet
            self._process.join()


def _in_child(title: str, run: Callable[[], object]) -> None:
    """Become a program of its own: what a new one finds, not what the supervisor has set."""
    os.setsid()
    name_process(title)
    for each in _SIGNALS:
        if signal.getsignal(each) != signal.SIG_IGN:  # nohup
            signal.signal(each, signal.SIG_DFL)
    die_with_parent(signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    run()
