"""How problems are described in OpenAPI, and invalid fields as a problem."""

from __future__ import annotations

from typing import Any

from flask import Response
from pydantic import BaseModel, Field, ValidationError

from app.blueprints.api.schemas.benchmarks import CheckAnswer
from app.errors import MAX_FIELDS, Invalid
from app.services.field_words import words_of
from app.web.problems import MEDIA_TYPE, problem_response


class Problem(BaseModel):
    """What went wrong (RFC 9457), in a form that programs can decide on."""

    type: str = Field(description="URI of the kind of problem.")
    title: str = Field(description="The kind of problem, in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What went wrong this time.")
    code: str = Field(description="Stable name of the kind, in snake_case.")
    request_id: str | None = Field(None, description="Identifies the request in the server's log.")
    errors: dict[str, list[str]] | None = Field(
        None, description="The messages of each field that is not valid."
    )
    action: str | None = Field(None, description="What to do next.")
    retry_after_s: int | None = Field(None, description="How long to wait, for limits.")
    checks: list[CheckAnswer] | None = Field(
        None, description="With `preflight_failed`: what was looked at before the start."
    )


def problem_schema(description: str) -> dict[str, Any]:
    """Return the description of a response that is a problem."""
    return {
        "description": description,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


COMMON_PROBLEMS: dict[str | int, Any] = {
    status: problem_schema(description)
    for status, description in {
        "400": "Malformed JSON, or a missing CSRF token.",
        "401": "No valid credential.",
        "403": "The credential lacks a scope, or the account the right.",
        "404": "No such object in this account.",
        "405": "This address does not support the method.",
        "409": "The object is in a state that forbids this.",
        "413": "The body is too large.",
        "415": "The body is not JSON.",
        "422": "Some fields are not valid.",
        "429": "Too many requests; Retry-After says how long to wait.",
        "503": "The queue or the database does not answer.",
    }.items()
}


def validation_problem(error: ValidationError) -> Response:
    """Return the problem for invalid fields of a request, each with its messages."""
    problem = Invalid("", fields=words_of(error, MAX_FIELDS))
    more = ", ..." if error.error_count() > MAX_FIELDS else ""
    names = ", ".join(sorted(problem.fields)) + more
    problem.detail = f"These fields are not valid: {names}."
    return problem_response(problem)
