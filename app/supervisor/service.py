"""A program that must keep running."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from app.lifeline import die_with_parent

GIVE_UP_AFTER = 5  # crashes without a quiet minute in between
QUIET_S = 60.0
_LONGEST_PAUSE_S = 10.0


class GaveUp(Exception):
    """The program ended again and again; the text is for the operator."""


class Service:
    """One child program, started again with growing pauses when it ends.

    Args:
        name: For messages.
        command: Program and arguments.
        folder: Its working folder.
        is_excused: Whether there is a reason outside of the program for it to end, such as a full
            disk, so that it is started again however often that happens.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        is_excused: Callable[[], bool] = lambda: False,
    ) -> None:
        self.name = name
        self._command = list(command)
        self._folder = folder
        self._is_excused = is_excused
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._crashes = 0
        self._not_before = 0.0

    def start(self) -> None:
        """Start the program in a session of its own: Ctrl-C is for the supervisor alone."""
        self._started_at = time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603 - our own commands
            self._command,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_end_with_supervisor,
        )

    def is_running(self) -> bool:
        """Return whether the program runs now."""
        return self._process is not None and self._process.poll() is None

    def tend(self) -> str | None:
        """Start the program again if it ended; return what there is to tell.

        Raises:
            GaveUp: It ended too often.
        """
        if self.is_running():
            return None
        if self._process is not None:
            return self._note_end(self._process.returncode)
        if time.monotonic() >= self._not_before:
            self.start()
        return None

    def _note_end(self, exit_code: int) -> str:
        quiet = time.monotonic() - self._started_at > QUIET_S
        self._crashes = 1 if quiet else self._crashes + 1
        self._process = None
        if self._is_excused():
            self._crashes = min(self._crashes, GIVE_UP_AFTER - 1)
        elif self._crashes >= GIVE_UP_AFTER:
            raise GaveUp(
                f"The {self.name} ended {self._crashes} times in a row, at last with exit code "
                f"{exit_code}. What it wrote above says why."
            )
        # The first time at once: whoever waits for it has done nothing wrong.
        pause_s = 0.0 if self._crashes == 1 else min(2.0 ** (self._crashes - 2), _LONGEST_PAUSE_S)
        self._not_before = time.monotonic() + pause_s
        return f"The {self.name} ended (exit code {exit_code}); it is started again."

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the program; it ends its own children."""
        if self._process is not None and self.is_running():
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the program and all that is left of its process group."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _end_with_supervisor() -> None:
    die_with_parent(signal.SIGTERM)
