"""The JSON API under ``/api/v1``: one file per resource, all behind one guard.

A new resource is a file with ``bp = api_blueprint("noun", "...")`` (see ``callers``), schemas in
``schemas/noun.py`` and a line in ``register_api``.
"""

from __future__ import annotations

from typing import Any

from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI

from app.blueprints.api import (
    accounts,
    benchmarks,
    compare,
    connections,
    docs,
    models,
    own_benchmarks,
    runs,
    samples,
    shares,
    tokens,
    users,
    webhooks,
)
from app.blueprints.api.validation_problems import Problem, validation_problem
from app.version import __version__

_RESOURCES = (
    accounts,
    tokens,
    connections,
    models,
    benchmarks,
    own_benchmarks,
    runs,
    samples,
    compare,
    shares,
    webhooks,
    users,
)


def openapi_options() -> dict[str, Any]:
    """Return the keyword arguments of the ``OpenAPI`` application."""
    return {
        "info": Info(
            title="OpenBench Studio",
            version=__version__,
            description="Run, watch, trust and compare LLM benchmarks.",
        ),
        "security_schemes": {
            "bearer": {
                "type": "http",
                "scheme": "bearer",
                "description": "A token from Settings, API tokens or from POST /auth/login.",
            },
            "session": {
                "type": "apiKey",
                "in": "cookie",
                "name": "studio_session",
                "description": "The browser's session; changes also need X-CSRFToken.",
            },
        },
        "validation_error_model": Problem,
        "validation_error_callback": validation_problem,
        "doc_ui": False,  # its pages need inline scripts; ours are in docs.py
    }


def register_api(app: OpenAPI) -> None:
    """Attach all resources, the OpenAPI document and the documentation page to ``app``."""
    for resource in _RESOURCES:
        app.register_api(resource.bp)
    app.register_blueprint(docs.bp)
