"""Limits the child's memory, CPU time and files, and drops its privileges.

Runs inside the child, before the untrusted program.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_VERSION_3 = 0x20080522
_FILE_BYTES = 4 * 1024 * 1024
_OPEN_FILES = 64
_THREADS = 1024


class _CapHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapData(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def libc() -> ctypes.CDLL:
    """Return the C library, with ``errno`` kept per call."""
    return ctypes.CDLL(None, use_errno=True)


def check(result: int, what: str) -> int:
    """Return ``result``.

    Raises:
        OSError: It is negative: the kernel refused ``what``.
    """
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def limit_resources(memory_bytes: int, cpu_s: int) -> None:
    """Set hard limits that the program cannot raise again.

    New processes are forbidden by the system call filter; for threads see ``limit_threads``.

    Args:
        memory_bytes: Address space of the process.
        cpu_s: CPU seconds of all its threads together.

    Raises:
        OSError: The kernel refused.
    """
    for kind, amount in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, _FILE_BYTES),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        most = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
        resource.setrlimit(kind, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")  # when memory runs out, this process goes first


def limit_threads() -> None:
    """Limit the threads of this process, if it has its own user namespace.

    Elsewhere the kernel would count all processes of the user. It does not count those of root.
    """
    resource.setrlimit(resource.RLIMIT_NPROC, (_THREADS, _THREADS))


def die_with_parent(parent_pid: int) -> None:
    """Ask the kernel to kill this process when its parent's thread ends.

    Raises:
        OSError: The kernel refused, or the parent is gone already.
    """
    check(libc().prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl(PDEATHSIG)")
    if os.getppid() != parent_pid:
        raise OSError("the parent has ended")


def drop_privileges() -> None:
    """Give up all capabilities and every way to get one back (see capabilities(7)).

    Raises:
        OSError: The kernel refused.
    """
    check(libc().prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl(NO_NEW_PRIVS)")
    header = _CapHeader(_CAPABILITY_VERSION_3, 0)
    nothing = (_CapData * 2)()
    check(libc().capset(ctypes.byref(header), ctypes.byref(nothing)), "capset")
