"""Problem responses of the API (RFC 9457)."""

from __future__ import annotations

import math
from typing import Any

from flask import Response, g, jsonify, request

from app.errors import StudioError

MEDIA_TYPE = "application/problem+json"
API_PREFIX = "/api/"


def wants_problem() -> bool:
    """Return whether the current request gets problems instead of pages."""
    return request.path.startswith(API_PREFIX)


def from_our_script() -> bool:
    """Return whether a page's script sent the request: it gets problems from every address."""
    return "X-CSRFToken" in request.headers


def retry_after_header(seconds: float) -> str:
    """Return the wait in whole seconds, rounded up."""
    return str(max(1, math.ceil(seconds)))


def wait_words(seconds: float) -> str:
    """Return the same wait in words: ``1 second``, ``12 seconds``."""
    whole = retry_after_header(seconds)
    return f"{whole} second{'' if whole == '1' else 's'}"


def problem_response(error: StudioError) -> Response:
    """Return ``error`` as ``application/problem+json``."""
    body: dict[str, Any] = {
        "type": f"urn:openbench-studio:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "request_id": g.get("request_id"),
    }
    if error.fields:
        body["errors"] = error.fields
    if error.action:
        body["action"] = error.action
    if error.retry_after_s is not None:
        body["retry_after_s"] = int(retry_after_header(error.retry_after_s))
    body |= error.extras
    # jsonify escapes halves of surrogate pairs, which a message may repeat from the request.
    response = jsonify(body)
    response.status_code = error.status
    response.mimetype = MEDIA_TYPE
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = retry_after_header(error.retry_after_s)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="OpenBench Studio"'
    return response
