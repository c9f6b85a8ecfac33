"""OpenBench Studio: run, watch, trust and compare LLM benchmarks from a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.version import __version__

if TYPE_CHECKING:
    from flask import Flask

    from app.config import Settings

__all__ = ["__version__", "create_app"]


def create_app(settings: Settings | None = None) -> Flask:
    """Return the web application.

    Flask is imported here and not above, so that ``import app.engine`` stays free of it.
    """
    from app.factory import build_app

    return build_app(settings)
