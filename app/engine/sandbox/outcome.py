"""The result of a program, or why none can be run."""

from __future__ import annotations

from dataclasses import dataclass


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
    """The result of a program.

    Attributes:
        ok: With tests: they passed, as judged outside of the program, and it ended with exit
            code 0. Without: it reached its last line, as far as it tells itself, which a hostile
            one can forge.
        exit_code: As the system reports it; negative is the signal that killed it.
        stdout: The first 64 KiB of its output.
        stderr: The first 64 KiB of its error output, and of the tests'.
        timed_out: It was killed because its time (wall or CPU) was over.
        stopped: Which other limit it met (``output``, ``disk``, ``threads``, ``memory``).
        failure: The last line of the error of the test that failed; empty where none did.
    """

    ok: bool
    exit_code: int
    stdout: str
    stderr: str
    timed_out: bool
    stopped: str | None = None
    failure: str = ""
