"""Output of the supervisor to its operator."""

from __future__ import annotations

import contextlib
import sys
from typing import TextIO


def say(text: str = "") -> None:
    """Print a line unbuffered, also to a file or a pipe."""
    _write(sys.stdout, text)


def complain(text: str) -> None:
    """Write a line to standard error."""
    _write(sys.stderr, text)


def _write(stream: TextIO, text: str) -> None:
    # A file on a full disk, or a terminal that was closed: no reason to end the Studio.
    with contextlib.suppress(OSError):
        stream.write(text + "\n")
        stream.flush()


def is_interactive() -> bool:
    """Return whether somebody watches the output on a terminal."""
    return sys.stdout.isatty()
