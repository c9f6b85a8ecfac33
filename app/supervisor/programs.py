"""The programs that share one image of the application; imported late, since it takes a second."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from flask import Flask

from app.config import Settings
from app.supervisor.service import Service
from app.web_server.serve import serve
from app.worker.image import build_image
from app.worker.pool import run_pool

__all__ = ["build_image", "make_services"]

_ROOT = Path(__file__).parents[2]


def make_services(app: Flask, settings: Settings, is_excused: Callable[[], bool]) -> list[Service]:
    """Return web server and worker, to be forked from this process with its ``app``."""
    web, worker = partial(_serve_web, app), partial(_work, app, settings.workers)
    return [
        Service("web server", "studio-web", web, is_excused),
        Service("worker", "studio-worker", worker, is_excused),
    ]


def _serve_web(app: Flask) -> None:
    os.chdir(_ROOT)
    serve(app, _ROOT / "gunicorn.conf.py")


def _work(app: Flask, workers: int) -> None:
    os.chdir(_ROOT)
    run_pool(app, workers)
