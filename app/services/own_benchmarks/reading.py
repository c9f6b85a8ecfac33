"""Reads an uploaded file in its own process, with a deadline, one at a time for each account.

A file of 100 MB is seconds of work. In the web process it would hold all its threads.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from app.current import get_settings
from app.engine.own.own_data_error import OwnDataError
from app.engine.own.reader import OUT_OF_MEMORY_EXIT_CODE
from app.errors import Invalid, Limited, StudioError, Unavailable
from app.services.own_benchmarks.file_turns import take_turn

log = logging.getLogger(__name__)

LOOK_DEADLINE_S = 30.0
SAVE_DEADLINE_S = 120.0
_AT_ONCE = 2  # of all web processes; a reader takes 20 to 60 MB
_PER_ACCOUNT = 2  # one is read, one waits
_WAIT_S = 30.0
_LOOK_EVERY_S = 0.1
_ROOT = Path(__file__).resolve().parents[3]


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
    """Hold one of the turns of all accounts, and the one of this account."""
    folder = get_settings().data_dir.resolve() / "reading-turns"
    places = [f"place-{account_id}-{number}" for number in range(_PER_ACCOUNT)]
    place = take_turn(folder, places)
    if place is None:
        raise _busy_with_yours()
    of_all = [f"any-{number}" for number in range(_AT_ONCE)]
    with (
        place,
        _wait_for(folder, [f"account-{account_id}"], _busy_with_yours),
        _wait_for(folder, of_all, _busy_with_others),
    ):
        yield


def _wait_for(folder: Path, names: Sequence[str], refusal: Callable[[], StudioError]) -> IO[bytes]:
    """Take a turn as soon as one is free.

    Raises:
        StudioError: The refusal: none is free for too long.
    """
    give_up_at = time.monotonic() + _WAIT_S
    while (turn := take_turn(folder, names)) is None:
        if time.monotonic() > give_up_at:
            raise refusal()
        time.sleep(_LOOK_EVERY_S)
    return turn


def _busy_with_yours() -> Limited:
    return Limited(
        "Other files of yours are being read.",
        code="own_data_busy",
        action="Wait until they are done, then try again.",
        retry_after_s=5,
    )


def _busy_with_others() -> Unavailable:
    return Unavailable(
        "Files of other accounts are being read.",
        code="own_data_busy",
        action="Try again in a minute.",
        retry_after_s=30,
    )


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
