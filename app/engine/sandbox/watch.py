"""Follows the processes of one program and kills them at the first limit they cross."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import time
from pathlib import Path

from app.engine.sandbox.child import READY
from app.engine.sandbox.outcome import SandboxResult, SandboxUnavailableError
from app.engine.sandbox.private_disk import DISK_FILES

_TICK_S = 0.02
_KEPT_OUTPUT_BYTES = 64 * 1024
_MAX_OUTPUT_BYTES = 8 * 1024 * 1024
_MAX_THREADS = 64
_STATUS_BYTES = 16 * 1024  # findings, all their text escaped, fit
_CHUNK_BYTES = 65536
_COUNTED_AS_MEMORY = ("VmRSS", "VmPTE")  # page tables may outgrow the pages


class Watch:
    """Reads what one child (and the child's child) writes, until it ends or has to.

    Args:
        process: The child, with pipes for output and error output.
        status_fd: Read end of the status pipe.
        deadline: By the monotonic clock.
        memory_bytes: What the program may hold.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], status_fd: int, deadline: float, memory_bytes: int
    ) -> None:
        self._process = process
        self._deadline = deadline
        self._memory_bytes = memory_bytes
        stdout, stderr = process.stdout, process.stderr
        if stdout is None or stderr is None:  # never: both are pipes
            raise ValueError("the child has no pipes")
        self._stdout, self._stderr, self._status = stdout.fileno(), stderr.fileno(), status_fd
        self._kept = {fd: bytearray() for fd in (self._stdout, self._stderr, self._status)}
        self._read_bytes = 0
        self._timed_out = False
        self._stopped: str | None = None
        self._program: _WatchedProgram | None = None

    def follow(self) -> None:
        """Wait until the child has ended."""
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
        """Kill the child and its group, unless they have ended, and look at the disk they left."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        if self._program is not None:
            if self._program.has_full_disk() and self._stopped is None:
                self._stopped = "disk"
            self._program.close()
            self._program = None

    def result(self, token: str | None) -> SandboxResult:
        """Return the result of the child.

        Args:
            token: What a program without tests writes at its end.

        Raises:
            SandboxUnavailableError: It could not lock itself in.
        """
        ready, _, word = bytes(self._kept[self._status]).partition(b"\n")
        stdout = self._kept[self._stdout].decode("utf-8", "replace")
        stderr = self._kept[self._stderr].decode("utf-8", "replace")
        exit_code = self._process.returncode
        if not ready.startswith(READY) and not self._timed_out:
            reason = stderr.strip().splitlines()[-1:] or [f"exit code {exit_code}"]
            raise SandboxUnavailableError(reason[0])
        finished, failure = word == (token or "").encode(), ""
        if token is None:
            # Only the process of the tests has the pipe; it writes nothing when it was killed.
            finished, exit_code, failure = json.loads(word or b'[false, null, ""]')
            exit_code = self._process.returncode if exit_code is None else exit_code
        timed_out = self._timed_out or exit_code == -signal.SIGXCPU
        ok = finished and exit_code == 0 and not timed_out and self._stopped is None
        return SandboxResult(ok, exit_code, stdout, stderr, timed_out, self._stopped, failure)

    def _read(self, fd: int) -> bool:
        chunk = os.read(fd, _CHUNK_BYTES)
        self._read_bytes += len(chunk)
        kept = self._kept[fd]
        most = _STATUS_BYTES if fd == self._status else _KEPT_OUTPUT_BYTES
        kept += chunk[: most - len(kept)]
        return bool(chunk)

    def _must_end(self) -> bool:
        if self._program is None and b"\n" in self._kept[self._status]:
            self._program = _WatchedProgram(
                int(self._kept[self._status].split()[1]), self._memory_bytes
            )
        if time.monotonic() >= self._deadline:
            self._timed_out = True
        elif self._read_bytes > _MAX_OUTPUT_BYTES:
            self._stopped = "output"
        elif self._program is not None:
            self._stopped = self._program.crossed_limit()
        return self._timed_out or self._stopped is not None


class _WatchedProgram:
    """The kernel's figures about the process that runs the program."""

    def __init__(self, pid: int, memory_bytes: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self._memory_kb = memory_bytes // 1024
        self._disk_fd: int | None = None
        # Kept open, so that the disk can be looked at when the process is gone.
        with contextlib.suppress(OSError):
            self._disk_fd = os.open(f"/proc/{pid}/cwd", os.O_PATH | os.O_CLOEXEC)

    def crossed_limit(self) -> str | None:
        """Return the limit it has crossed, of those that no resource limit of its own holds."""
        threads = memory_kb = 0
        with contextlib.suppress(OSError):
            for line in self._status.read_text(encoding="ascii", errors="replace").splitlines():
                name, _, value = line.partition(":")
                if name == "Threads":
                    threads = int(value)
                elif name in _COUNTED_AS_MEMORY:
                    memory_kb += int(value.split()[0])
        if threads > _MAX_THREADS:
            return "threads"
        return "memory" if memory_kb > self._memory_kb else None

    def has_full_disk(self) -> bool:
        """Return whether its disk has no room, or no room for one more file."""
        if self._disk_fd is None:
            return False
        disk = os.fstatvfs(self._disk_fd)
        is_its_own = disk.f_files == DISK_FILES
        return is_its_own and not (disk.f_bfree and disk.f_ffree)

    def close(self) -> None:
        """Close the program's disk, which frees it."""
        if self._disk_fd is not None:
            os.close(self._disk_fd)
