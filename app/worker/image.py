"""The application as many processes share it: imported and built once, before the forks."""

from __future__ import annotations

import gc
import importlib

from flask import Flask

from app import create_app
from app.broker.queues import EXECUTE_RUN, RESCORE_RUN
from app.config import Settings


def build_image(settings: Settings) -> Flask:
    """Return the application with all that its processes will need, so that they share it.

    Raises:
        ConfigError: The settings do not fit together.
    """
    app = create_app(settings)
    for job in (EXECUTE_RUN, RESCORE_RUN):
        importlib.import_module(job.rpartition(".")[0])
    gc.collect()
    gc.freeze()  # what is there now is not touched again, and stays shared with the children
    return app
