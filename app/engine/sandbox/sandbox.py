"""Runs one untrusted Python program where it can do no harm.

The program runs in a process of its own, with an empty environment, an empty directory and
nothing but the Python standard library. Before its first line the process gives up every
right it does not need (see ``child``): no files outside its directory (Landlock), no
network, no other processes and no signals to them (seccomp), bounded memory, CPU time, disk
and output. Where the kernel cannot enforce that, nothing runs. See ADR 0003.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from app.engine.sandbox.child import READY

_TICK_S = 0.02
_KEPT_OUTPUT_BYTES = 64 * 1024
_MAX_OUTPUT_BYTES = 8 * 1024 * 1024
_MAX_DISK_BYTES = 32 * 1024 * 1024
_MAX_FILES = 256
_MAX_THREADS = 64
_STATUS_BYTES = 256
_CHUNK_BYTES = 65536
_ROOT = str(Path(__file__).resolve().parents[3])
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[3]); from app.engine.sandbox.child import main; "
    "main(sys.argv[1], int(sys.argv[2]), sys.argv[3])"
)


class SandboxUnavailableError(Exception):
    """This machine cannot isolate a program, so none is run.

    Attributes:
        code: ``sandbox_unavailable``.
        message: What the kernel refused.
        action: What to do next.
    """

    def __init__(self, reason: str) -> None:
        self.code = "sandbox_unavailable"
        self.message = f"Programs cannot be isolated on this machine: {reason}"
        self.action = (
            "Run the worker on Linux 5.13 or later (x86_64 or aarch64) with Landlock and "
            "seccomp, or leave out the coding benchmarks."
        )
        super().__init__(self.message)


@dataclass(frozen=True, slots=True)
class SandboxResult:
    """What became of a program.

    Attributes:
        ok: It reached its last line and ended with exit code 0. A program that calls
            ``exit()`` before its end is not ok.
        exit_code: As the system reports it; negative is the signal that killed it.
        stdout: The first 64 KiB of its output.
        stderr: The first 64 KiB of its error output.
        timed_out: It was killed because its time (wall or CPU) was over.
        stopped: Which other limit it was killed for (``output``, ``disk``, ``threads``).
    """

    ok: bool
    exit_code: int
    stdout: str
    stderr: str
    timed_out: bool
    stopped: str | None = None


class Sandbox:
    """Runs programs, a bounded number at a time; safe to share between threads."""

    def __init__(self, max_parallel: int | None = None, python: str | None = None) -> None:
        """Set the number of programs that run at once (default: the CPUs) and the interpreter."""
        self._slots = threading.BoundedSemaphore(max_parallel or os.cpu_count() or 1)
        self._python = python or os.path.realpath(sys.executable)

    def check(self) -> None:
        """Return when this machine can isolate programs.

        Raises:
            SandboxUnavailableError: It cannot.
        """
        self.run("", timeout_s=10.0)

    def run(self, program: str, timeout_s: float, memory_mb: int = 512) -> SandboxResult:
        """Run ``program`` to its end, or to the end of its time.

        Args:
            program: Python source; it runs as ``__main__``, without arguments or input.
            timeout_s: Wall time; counts from its start, not from the wait for a free slot.
            memory_mb: Address space in MiB.

        Raises:
            SandboxUnavailableError: This machine cannot isolate programs.
        """
        with self._slots:
            directory = tempfile.mkdtemp(prefix="sandbox-")
            try:
                return _run(self._python, directory, program, timeout_s, memory_mb)
            finally:
                shutil.rmtree(directory, ignore_errors=True)


def _run(
    python: str, directory: str, program: str, timeout_s: float, memory_mb: int
) -> SandboxResult:
    token = secrets.token_hex(16)
    request = {
        "program": program,
        "token": token,
        "parent_pid": os.getpid(),
        "memory_bytes": memory_mb * 1024 * 1024,
        "cpu_s": int(timeout_s) + 2,
    }
    request_file = Path(directory, "request.json")
    request_file.write_text(json.dumps(request), encoding="ascii")
    status_read, status_write = os.pipe()
    try:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter, fixed arguments
            [
                *(python, "-I", "-S", "-X", "utf8", "-c", _BOOT),
                *(request_file.name, str(status_write), _ROOT),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=directory,
            env={},
            pass_fds=(status_write,),
            start_new_session=True,
        )
    except OSError as error:
        os.close(status_read)
        raise SandboxUnavailableError(f"{python}: {error.strerror}") from error
    finally:
        os.close(status_write)
    with process:
        watch = _Watch(process, directory, status_read, time.monotonic() + timeout_s)
        try:
            watch.follow()
        finally:
            watch.kill()
            os.close(status_read)
    return watch.result(token)


class _Watch:
    """Reads what one child writes and kills it at the first limit it crosses."""

    def __init__(
        self, process: subprocess.Popen[bytes], directory: str, status_fd: int, deadline: float
    ) -> None:
        self._process = process
        self._directory = directory
        self._deadline = deadline
        stdout, stderr = process.stdout, process.stderr
        if stdout is None or stderr is None:  # never: both are pipes
            raise ValueError("the child has no pipes")
        self._stdout, self._stderr, self._status = stdout.fileno(), stderr.fileno(), status_fd
        self._kept = {fd: bytearray() for fd in (self._stdout, self._stderr, self._status)}
        self._read_bytes = 0
        self._timed_out = False
        self._stopped: str | None = None

    def follow(self) -> None:
        """Return when the child has ended, of itself or not."""
        with selectors.DefaultSelector() as selector:
            for fd in self._kept:
                selector.register(fd, selectors.EVENT_READ)
            while selector.get_map() or self._process.poll() is None:
                for key, _ in selector.select(_TICK_S):
                    if not self._read(key.fd):
                        selector.unregister(key.fd)
                if self._must_end():
                    self.kill()
                    return

    def kill(self) -> None:
        """Kill the child and its group; nothing happens when it has ended."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def result(self, token: str) -> SandboxResult:
        """Return what became of the child.

        Raises:
            SandboxUnavailableError: It could not lock itself in.
        """
        status = bytes(self._kept[self._status])
        stdout = self._kept[self._stdout].decode("utf-8", "replace")
        stderr = self._kept[self._stderr].decode("utf-8", "replace")
        exit_code = self._process.returncode
        if not status.startswith(READY) and not self._timed_out:
            reason = stderr.strip().splitlines()[-1:] or [f"exit code {exit_code}"]
            raise SandboxUnavailableError(reason[0])
        timed_out = self._timed_out or exit_code == -signal.SIGXCPU
        finished = status == READY + token.encode()
        ok = finished and exit_code == 0 and not timed_out and self._stopped is None
        return SandboxResult(ok, exit_code, stdout, stderr, timed_out, self._stopped)

    def _read(self, fd: int) -> bool:
        chunk = os.read(fd, _CHUNK_BYTES)
        self._read_bytes += len(chunk)
        kept = self._kept[fd]
        most = _STATUS_BYTES if fd == self._status else _KEPT_OUTPUT_BYTES
        kept += chunk[: most - len(kept)]
        return bool(chunk)

    def _must_end(self) -> bool:
        if time.monotonic() >= self._deadline:
            self._timed_out = True
        elif self._read_bytes > _MAX_OUTPUT_BYTES:
            self._stopped = "output"
        elif _is_disk_full(self._directory):
            self._stopped = "disk"
        elif _thread_count(self._process.pid) > _MAX_THREADS:
            self._stopped = "threads"
        return self._timed_out or self._stopped is not None


def _is_disk_full(directory: str) -> bool:
    used_bytes = 0
    with os.scandir(directory) as entries:
        for count, entry in enumerate(entries):
            with contextlib.suppress(OSError):
                used_bytes += entry.stat(follow_symlinks=False).st_blocks * 512
            if count >= _MAX_FILES or used_bytes > _MAX_DISK_BYTES:
                return True
    return False


def _thread_count(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("Threads:"):
                return int(line.split()[1])
    return 0
