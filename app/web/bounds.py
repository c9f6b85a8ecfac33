"""Limits the size and shape of request bodies.

A stranger's body is small (he can only sign in and register), an account's as large as what it is
for. Longer ones are refused by their length, before anything is read: a thread must not wait for
a client that nobody knows (``app.web_server``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import current_app, request
from flask_login import current_user

from app.errors import Invalid
from app.web.problems import wants_problem

STRANGER_BYTES = 8 * 1024
"""Anything without an account; the default."""
JSON_BYTES = 16 * 1024
"""JSON of an account."""
NOTES_BYTES = 160 * 1024
"""JSON with notes: 10,000 characters, each of which JSON may write with twelve."""
FORM_BYTES = 320 * 1024
"""Forms of an account's pages: a template of 20,000 characters, percent-encoded."""
MAX_FORM_PARTS = 100
MAX_VALUES = 1000
"""Keys and elements of a JSON body, at all depths."""
MAX_DEPTH = 20

View = TypeVar("View", bound=Callable[..., Any])


def takes(most_bytes: int) -> Callable[[View], View]:
    """Raise the body limit of a page's view for signed-in accounts: ``@takes(10_000)``."""

    def decorate(view: View) -> View:
        view.most_bytes = most_bytes  # type: ignore[attr-defined]
        return view

    return decorate


def bound_page_body() -> None:
    """Set the body limit of a page's request; the API's guard does it for the API."""
    if request.method == "POST" and not wants_problem() and current_user.is_authenticated:
        view = current_app.view_functions.get(request.endpoint or "")
        request.max_content_length = getattr(view, "most_bytes", FORM_BYTES)


def check_shape(body: object) -> None:
    """Refuse JSON with too many values or levels, before it is validated.

    Raises:
        Invalid: It has.
    """
    level: list[object] = [body]
    values = 0
    for _ in range(MAX_DEPTH):
        below: list[object] = []
        for value in level:
            children = value.values() if isinstance(value, dict) else value
            if isinstance(children, (list, type({}.values()))):
                values += len(children)
                below.extend(children)
        if values > MAX_VALUES:
            raise _too_complex(f"more than {MAX_VALUES:,} values")
        if not below:
            return
        level = below
    if any(isinstance(value, (dict, list)) for value in level):
        raise _too_complex(f"more than {MAX_DEPTH} levels")


def _too_complex(what: str) -> Invalid:
    message = f"The body has {what}."
    return Invalid(message, code="too_complex", fields={"body": [message]})
