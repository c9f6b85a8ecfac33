"""A small WSGI application for tests of the worker: says what it read, or much."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.exceptions import HTTPException


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    status = "200 OK"
    if path == "/refuse":
        status, answer = "413 Too Large", b"no"
    elif path == "/much":
        answer = b"m" * 5_000_000
    elif path == "/ignore":
        answer = b"ignored"
    else:
        try:
            answer = b"read %d" % len(environ["wsgi.input"].read())
        except HTTPException as error:
            status, answer = f"{error.code} {error.name}", str(error.description).encode()
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(answer)))])
    return [answer]
