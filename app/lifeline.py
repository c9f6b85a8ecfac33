"""Forked processes: tied to their parent, so that no kill leaves an orphan, and named."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def die_with_parent(sig: signal.Signals) -> None:
    """Ask the kernel to send ``sig`` to this process when its parent ends.

    Linux does it by itself, also for a program that this process becomes; elsewhere a thread
    looks every second, which ends when another program takes over.
    """
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(sig), 0, 0, 0)
    else:
        threading.Thread(target=_watch, args=(parent, sig), daemon=True).start()
    if os.getppid() != parent:  # it ended in between
        os.kill(os.getpid(), sig)


@contextmanager
def signals_held(*signals: signal.Signals) -> Iterator[None]:
    """Block ``signals`` around a fork, so that the child handles them itself."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def name_process(title: str) -> None:
    """Have ``ps -e`` and ``top`` show ``title``, of which Linux keeps 15 letters."""
    with suppress(OSError):  # elsewhere
        Path("/proc/self/comm").write_text(title)


def _watch(parent: int, sig: signal.Signals) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), sig)
