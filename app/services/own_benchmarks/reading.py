"""Reads an uploaded file in its own process, with a deadline, one at a time.

A file of 100 MB is seconds of work. In the web process it would hold all its threads.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import Any

from app.engine.own.reader import OUT_OF_MEMORY_EXIT_CODE
from app.engine.own.rows import OwnDataError
from app.errors import Invalid, Limited, Unavailable

log = logging.getLogger(__name__)

LOOK_DEADLINE_S = 30.0
SAVE_DEADLINE_S = 120.0
_AT_ONCE = 1  # in each web process; a reader takes 20 to 60 MB
_PER_ACCOUNT = 2
_WAIT_S = 30.0
_ROOT = Path(__file__).resolve().parents[3]

_slots = BoundedSemaphore(_AT_ONCE)
_lock = Lock()
_busy: Counter[int] = Counter()


def read_own_file(account_id: int, task: dict[str, Any], deadline_s: float) -> Any:
    """Run a task of ``app.engine.own.reader`` and return its result.

    Args:
        account_id: Whose file it is.
        task: As the reader takes it.
        deadline_s: What the reading may take.

    Raises:
        OwnDataError: The reader refuses the file.
        Invalid: It takes too long, or too much memory, or the reader failed over it.
        Limited: Other files of the account are being read.
        Unavailable: Too many files of others are.
    """
    with _turn(account_id):
        answer = _run(json.dumps(task).encode(), deadline_s)
    if answer is None:
        raise Invalid(
            f"The file takes more than {deadline_s:g} s or too much memory to read.",
            code="own_data_too_slow",
            fields={"file": ["This file takes too long to read."]},
            action="Split it into smaller files, and upload each.",
        )
    refused = answer.get("refused")
    if refused:
        raise OwnDataError(refused["message"], refused["line"], refused["field"])
    return answer["found"]


@contextmanager
def _turn(account_id: int) -> Iterator[None]:
    with _lock:
        if _busy[account_id] >= _PER_ACCOUNT:
            raise Limited(
                "Other files of yours are being read.",
                code="own_data_busy",
                action="Wait until they are done, then try again.",
                retry_after_s=5,
            )
        _busy[account_id] += 1
    try:
        if not _slots.acquire(timeout=_WAIT_S):
            raise Unavailable(
                "Files of other accounts are being read.",
                code="own_data_busy",
                action="Try again in a minute.",
                retry_after_s=30,
            )
        try:
            yield
        finally:
            _slots.release()
    finally:
        with _lock:
            _busy[account_id] -= 1
            if not _busy[account_id]:
                del _busy[account_id]


def _run(task: bytes, deadline_s: float) -> dict[str, Any] | None:
    """Return the reader's answer; ``None`` where it was late, or stopped at a limit.

    Raises:
        Invalid: The reader failed, for which the size of the file is not to blame.
    """
    try:
        # Fixed arguments, no shell, and an empty environment: the child learns no secret.
        done = subprocess.run(
            [sys.executable, "-m", "app.engine.own.reader"],
            cwd=_ROOT,
            env={},
            input=task,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # it could quote the file
            timeout=deadline_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        log.warning("own data took too long", extra={"deadline_s": deadline_s})
        return None
    if done.returncode:
        log.warning("own data could not be read", extra={"exit_code": done.returncode})
        if done.returncode < 0 or done.returncode == OUT_OF_MEMORY_EXIT_CODE:
            return None
        raise Invalid(
            "The file could not be read, and its size is not the reason.",
            code="own_data_unreadable",
            fields={"file": ["It could not be read."]},
            action="Try a smaller part of it. If that fails too, tell who runs the Studio.",
        )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
