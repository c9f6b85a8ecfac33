"""Symbolic equality of LaTeX expressions, decided in a child process with a limit of CPU time.

Not of the clock's: what is equal would depend on what else the machine does.
"""

from __future__ import annotations

import atexit
import json
import selectors
import subprocess
import sys
import time
from pathlib import Path
from threading import Lock
from typing import IO, Any

from app.engine.scorers.math_strings import MAX_EXPRESSION_CHARS

COMPARE_LIMIT_S = 5.0
START_TIMEOUT_S = 60.0
_PATIENCE = 24  # times the limit, for a machine with much else to do
_WORKER = Path(__file__).with_name("math_worker.py")
_CHUNK_BYTES = 65_536


class SymbolicComparer:
    """Compares expressions in one child process, which is replaced when it hangs or dies.

    Usable from many threads; comparisons take turns.

    Args:
        limit_s: The CPU time that one comparison may take; more means "not equal".
    """

    def __init__(self, limit_s: float = COMPARE_LIMIT_S) -> None:
        self._limit_s = limit_s
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def equal(self, left: str, right: str, *, constants: bool = False) -> bool:
        """Return whether sympy finds the two LaTeX expressions equal.

        With ``constants``, pi, e and i are numbers, and values may differ by rounding. What cannot
        be parsed, takes too long or is too long equals nothing, not even itself.

        Raises:
            RuntimeError: The child cannot start (sympy is missing or broken).
        """
        if not left or not right or max(len(left), len(right)) > MAX_EXPRESSION_CHARS:
            return False
        asked = {"left": left, "right": right, "constants": constants}
        request = json.dumps(asked).encode() + b"\n"
        with self._lock:
            process = self._running()
            reply = self._ask(process, request)
            if reply is None:
                self._stop()
        return reply is not None and reply.get("equal") is True

    def close(self) -> None:
        """End the child process; the next comparison starts another."""
        with self._lock:
            self._stop()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._stop()
        # Fixed arguments, no shell, and an empty environment: the child learns no secret.
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", str(_WORKER), str(self._limit_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
        )
        self._process = process
        if _read_reply(process, START_TIMEOUT_S) is None:
            self._stop()
            raise RuntimeError("the symbolic comparer does not start: is sympy installed?")
        return process

    def _ask(self, process: subprocess.Popen[bytes], request: bytes) -> dict[str, Any] | None:
        stdin = _pipe(process.stdin)
        try:
            stdin.write(request)
            stdin.flush()
        except OSError:
            return None
        return _read_reply(process, _PATIENCE * self._limit_s)

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        _pipe(process.stdout).close()
        try:
            _pipe(process.stdin).close()
        except OSError:  # an unsent request; nobody is there to read it
            return


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise RuntimeError("the child process was started without pipes")
    return stream


def _read_reply(process: subprocess.Popen[bytes], timeout_s: float) -> dict[str, Any] | None:
    """Return the next line of the child as an object; ``None`` when it is late or gone."""
    stdout = _pipe(process.stdout)
    deadline = time.monotonic() + timeout_s
    received = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stdout, selectors.EVENT_READ)
        while not received.endswith(b"\n"):
            remaining_s = deadline - time.monotonic()
            if remaining_s <= 0 or not selector.select(remaining_s):
                return None
            chunk = stdout.read1(_CHUNK_BYTES)  # type: ignore[attr-defined]
            if not chunk:
                return None
            received += chunk
    reply = json.loads(received)
    return reply if isinstance(reply, dict) else None


_shared = SymbolicComparer()
atexit.register(_shared.close)


def same_value(left: str, right: str, *, constants: bool = False) -> bool:
    """Return whether two LaTeX expressions are equal, with the process-wide comparer.

    Args:
        left: One.
        right: The other.
        constants: Whether pi, e and i are numbers; the references take them for unknowns.

    Raises:
        RuntimeError: The child process cannot start.
    """
    return _shared.equal(left, right, constants=constants)
