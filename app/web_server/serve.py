"""gunicorn with an application that is there already, in this process and its forks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import gunicorn
import gunicorn.arbiter  # before the fork, as all that gunicorn else finds by its name
import gunicorn.glogging
from gunicorn.app.wsgiapp import WSGIApplication

import app.web_server.worker  # noqa: F401 - named in gunicorn.conf.py


class _ReadyApplication(WSGIApplication):  # type: ignore[misc]
    def __init__(self, ready: Any) -> None:
        self._ready = ready
        super().__init__("%(prog)s [OPTIONS] [APP_MODULE]")

    def load(self) -> Any:
        """Return the application instead of importing it."""
        return self._ready


def serve(ready: Any, config: Path) -> None:
    """Do what ``gunicorn -c CONFIG`` does, until it is told to stop."""
    program = Path(gunicorn.__file__).with_name("__main__.py")
    sys.argv = [str(program), "-c", str(config)]  # also for SIGUSR2, which starts it anew
    _ReadyApplication(ready).run()
