"""The application as many processes share it: imported and built once, before the forks."""

from __future__ import annotations

import gc
import importlib

from flask import Flask
from sqlalchemy.orm import configure_mappers

from app import create_app
from app.broker.queues import EXECUTE_RUN, RESCORE_RUN
from app.config import Settings
from app.engine.benchmarks.benchmark_registry import all_benchmarks
from app.engine.pricing import price_list_date
from app.engine.scorers.scorer_registry import all_scorers, judged_scorers, sandboxed_scorers
from app.heaps import share_heaps


def build_image(settings: Settings, *, pages: bool) -> Flask:
    """Return the application, with all that its processes would each make for themselves.

    Args:
        settings: Of the application.
        pages: Whether some of the processes will serve pages.

    Raises:
        ConfigError: The settings do not fit together.
    """
    share_heaps()
    app = create_app(settings)
    for job in (EXECUTE_RUN, RESCORE_RUN):
        importlib.import_module(job.rpartition(".")[0])
    fill_image(app, pages=pages)
    return app


def fill_image(app: Flask, *, pages: bool) -> None:
    """Load what is otherwise loaded when it is first needed; then nothing moves any more.

    No thread, no connection and no lock may come of it: they do not survive a fork.
    """
    configure_mappers()
    all_benchmarks()
    for scorers in (all_scorers, judged_scorers, sandboxed_scorers):
        scorers()
    price_list_date()
    "localhost".encode("idna")  # what a connection to a name needs
    if pages:
        for name in app.jinja_env.list_templates(["html"]):
            app.jinja_env.get_template(name)
    gc.collect()
    # The collector would go through it again and again, which takes a third of a large page's
    # time, and would copy the memory that is shared.
    gc.freeze()
