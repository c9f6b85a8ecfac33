"""A small WSGI application for tests of the worker: says what it read, or much, or ends late."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
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
    elif path == "/scheme":
        answer = environ["wsgi.url_scheme"].encode()
    elif path == "/late":
        answer = b"late"
    else:
        try:
            answer = b"read %d" % len(environ["wsgi.input"].read())
        except HTTPException as error:
            status, answer = f"{error.code} {error.name}", str(error.description).encode()
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(answer)))])
    return _ends_late(answer) if path == "/late" else [answer]


def _ends_late(answer: bytes) -> Iterator[bytes]:
    yield answer
    time.sleep(1)  # the client has its answer, and the thread is not done
