"""Runs one untrusted Python program where it can do no harm, and tests it where it cannot lie.

The program runs in a process of its own, with an empty environment, an empty directory and
nothing but the Python standard library. Before its first line the process gives up every
right it does not need (see ``child``): no files outside its directory (Landlock), no
network, no other processes and no signals to them (seccomp), bounded memory, CPU time, disk
and output. Its tests run in a second such process, which gives the verdict (see ``examiner``).
Where the kernel cannot enforce that, nothing runs. See ADR 0003 and 0009.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
import time
from pathlib import Path

from app.engine.sandbox.folders import new_folder
from app.engine.sandbox.outcome import SandboxResult, SandboxUnavailableError
from app.engine.sandbox.watch import Watch

_ROOT = str(Path(__file__).resolve().parents[3])
_BOOT = (
    "import json, sys; orders = json.loads(sys.argv[1]); sys.path.insert(0, orders['root']); "
    "from app.engine.sandbox.child import Orders, main; main(Orders(**orders))"
)

__all__ = ["Sandbox", "SandboxResult", "SandboxUnavailableError"]


class Sandbox:
    """Runs programs, a bounded number at a time; safe to share between threads."""

    def __init__(
        self, max_parallel: int | None = None, python: str | None = None, *, may_mount: bool = True
    ) -> None:
        """Set how many programs run at once, the interpreter, and whether to try for a disk.

        Args:
            max_parallel: Default: the CPUs.
            python: Path of the interpreter; default: this one.
            may_mount: ``False`` behaves as where user namespaces are forbidden: no program can
                write a file.
        """
        self._slots = threading.BoundedSemaphore(max_parallel or os.cpu_count() or 1)
        self._python = python or os.path.realpath(sys.executable)
        self._may_mount = may_mount

    def check(self) -> None:
        """Check that this machine can isolate programs; raises if not.

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
        token = secrets.token_hex(16)
        return self._start({"program": program, "token": token}, timeout_s, memory_mb)

    def test(
        self, program: str, tests: str, timeout_s: float, memory_mb: int = 512
    ) -> SandboxResult:
        """Run ``program``, and ``tests`` against it from outside.

        Args:
            program: Python source; it runs as ``__main__`` and never sees the tests.
            tests: Python source. Names that it neither defines nor finds among the built-in
                ones are those of the program; ``from answer import name`` takes one for sure.
                Calls pass plain data (see ``values``).
            timeout_s: Wall time of both together.
            memory_mb: Address space of each in MiB.

        Raises:
            SandboxUnavailableError: This machine cannot isolate programs.
        """
        return self._start({"program": program, "tests": tests}, timeout_s, memory_mb)

    def _start(self, request: dict[str, str], timeout_s: float, memory_mb: int) -> SandboxResult:
        with self._slots, new_folder() as folder:
            status_read, status_write = os.pipe()
            memory_bytes = memory_mb * 1024 * 1024
            orders = {
                "status_fd": status_write,
                "root": _ROOT,
                "parent_pid": os.getpid(),
                "memory_bytes": memory_bytes,
                "cpu_s": int(timeout_s) + 2,
                "has_tests": "tests" in request,
                "may_mount": self._may_mount,
            }
            try:
                process = self._open(orders, request, folder)
            except OSError as error:
                os.close(status_read)
                raise SandboxUnavailableError(f"{self._python}: {error.strerror}") from error
            finally:
                os.close(status_write)
            with process:
                deadline = time.monotonic() + timeout_s
                watch = Watch(process, status_read, deadline, memory_bytes)
                try:
                    watch.follow()
                finally:
                    watch.kill()
                    os.close(status_read)
            return watch.result(request.get("token"))

    def _open(
        self, orders: dict[str, object], request: dict[str, str], folder: str
    ) -> subprocess.Popen[bytes]:
        # In memory: neither a full disk nor a pipe that nobody reads can hold it up.
        with open(os.memfd_create("request"), "w+b") as file:
            file.write(json.dumps(request).encode("ascii"))
            file.seek(0)
            return subprocess.Popen(  # noqa: S603 - our own interpreter, fixed arguments
                [self._python, "-I", "-S", "-X", "utf8", "-c", _BOOT, json.dumps(orders)],
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=folder,
                env={},
                pass_fds=(int(str(orders["status_fd"])),),
                start_new_session=True,
            )
