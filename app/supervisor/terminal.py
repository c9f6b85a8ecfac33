"""What the supervisor says to its operator."""

from __future__ import annotations

import sys


def say(text: str = "") -> None:
    """Write a line now, also where the output is a file or a pipe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """Write a line to standard error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def is_interactive() -> bool:
    """Return whether somebody watches the output on a terminal."""
    return sys.stdout.isatty()
