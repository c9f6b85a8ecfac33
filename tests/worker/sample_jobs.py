"""Jobs of the worker's tests; each notes what it does in a file beside the database."""

from __future__ import annotations

import os
import time
from pathlib import Path

from flask import current_app

from app.db import db
from app.jobs.drain import draining


def _note(*words: object) -> None:
    folder: Path = current_app.extensions["settings"].data_dir
    with (folder / "notes").open("a") as file:
        file.write(" ".join(map(str, words)) + "\n")


def quick(tag: str) -> None:
    db.session.connection().exec_driver_sql("SELECT 1")
    _note("quick", tag)


def slow(tag: str) -> None:
    """Work for 20 s, unless the worker is asked to stop."""
    _note("slow", tag, os.getpid())
    for _ in range(400):
        if draining.wait(0.05):
            _note("drained", tag)
            return
    _note("finished", tag)


def stubborn(tag: str) -> None:
    """Take no notice of a stop for 2 s."""
    _note("stubborn", tag, os.getpid())
    time.sleep(2)
    _note("finished", tag)


def on_dead(pid: int, *, died: bool = True) -> None:
    _note("dead", pid)


def sweep() -> None:
    _note("sweep")
    raise OSError("the database is away")
