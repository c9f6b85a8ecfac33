"""Answers: a schema as JSON, or nothing."""

from __future__ import annotations

from flask import Response, current_app
from pydantic import BaseModel


def answer(body: BaseModel, status: int = 200, *, location: str | None = None) -> Response:
    """Return ``body`` as JSON; times become RFC 3339 with ``Z``."""
    response = current_app.response_class(
        body.model_dump_json(), status=status, mimetype="application/json"
    )
    if location is not None:
        response.headers["Location"] = location
    return response


def no_content() -> Response:
    """Return 204."""
    return current_app.response_class(status=204)
