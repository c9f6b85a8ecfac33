"""What all schemas share: strict bodies, paging, and field types that all databases store."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from app.queries.paging import DEFAULT_LIMIT, MAX_LIMIT
from app.services.field_types import Number, Storable, Whole


def _as_in_rfc_3339(value: object) -> object:
    """Refuse bare numbers, which pydantic would read as seconds since 1970."""
    if not isinstance(value, str) or not re.match(r"\d{4}-\d{2}-\d{2}[Tt ]", value):
        raise ValueError("must be a date and time as in RFC 3339, such as 2026-01-31T12:00:00Z")
    return value


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("must also be in the years 1 to 9999 in UTC") from None


Text = Annotated[str, Storable]
"""Text of a body or a query."""

TokenName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80),
    Storable,
]
"""What a token is for, trimmed."""

Moment = Annotated[AwareDatetime, BeforeValidator(_as_in_rfc_3339), AfterValidator(_in_utc)]
"""A moment with its zone, as a text; becomes UTC."""


def whole(ge: int, le: int) -> Any:
    """Return the type of a JSON integer within bounds: ``whole(1, 20)``."""
    # The bounds stand inside Annotated: outside they would be missing in the description.
    return Annotated[int, Field(ge=ge, le=le), Whole]


def number(ge: float, le: float) -> Any:
    """Return the type of a finite JSON number within bounds."""
    return Annotated[float, Field(ge=ge, le=le), Number]


class Body(BaseModel):
    """A request body; an unknown field is an error, since it is most likely a typo."""

    model_config = ConfigDict(extra="forbid")


class OptionalBody(Body):
    """A request body that may be missing; then every field has its default."""

    model_config = ConfigDict(openapi_extra={"required": False})  # type: ignore[typeddict-unknown-key]

    @model_validator(mode="before")
    @classmethod
    def _missing_is_empty(cls, value: Any) -> Any:
        return {} if value is None else value


class PageQuery(BaseModel):
    """Which page of a list."""

    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Items per page.")
    cursor: Text | None = Field(None, description="The next_cursor of the page before.")

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the schema, built once: flask-openapi3 asks for it with every request."""
        if args or kwargs:
            return super().model_json_schema(*args, **kwargs)
        return _schema_of(cls)


@cache
def _schema_of(model: type[PageQuery]) -> dict[str, Any]:
    return super(PageQuery, model).model_json_schema()


class PageAnswer(BaseModel):
    """Base of lists: add ``items``."""

    next_cursor: str | None = Field(None, description="Pass it as cursor; null on the last page.")
    total: int | None = Field(None, description="Items on all pages.")
