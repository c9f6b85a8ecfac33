"""What is wrong with a field, in words: for the API, for forms, and for checks while typing.

pydantic names the kind of each mistake and its bounds. Its own texts ("unable to parse string as
an integer") are for programmers, so none of them is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

_WHOLE = "This must be a whole number."
_NUMBER = "This must be a number."
_TRUTH = "This must be true or false."
_TEXT = "This must be a text."
_LIST = "This must be a list."
_OBJECT = "This must be an object."
_MOMENT = "This must be a date and time, such as 2026-01-31T12:00:00Z."
_DAY = "This must be a date, such as 2026-01-31."
EMPTY = "This must not be empty."
MISSING = "This field is required."
UNFIT = "This does not fit here."
"""For kinds that no field of the Studio can meet today."""

_PLAIN = {
    "missing": MISSING,
    "extra_forbidden": "There is no field of this name.",
    "json_invalid": "This must be JSON.",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": "This number is too large.",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "finite_number": "This must be a finite number.",
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "string_type": _TEXT,
    "string_unicode": "This must not contain half of a surrogate pair.",
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "dict_type": _OBJECT,
    "mapping_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "datetime_type": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "datetime_object_invalid": _MOMENT,
    "timezone_aware": "This must name its time zone, as in 2026-01-31T12:00:00Z.",
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
}
_BOUNDED = {
    "greater_than": ("gt", "This must be more than {}."),
    "greater_than_equal": ("ge", "This must be at least {}."),
    "less_than": ("lt", "This must be less than {}."),
    "less_than_equal": ("le", "This must be at most {}."),
    "multiple_of": ("multiple_of", "This must be a multiple of {}."),
    "string_too_short": ("min_length", "This must have at least {} characters."),
    "string_too_long": ("max_length", "This must have at most {} characters."),
    "too_short": ("min_length", "This must have at least {} entries."),
    "too_long": ("max_length", "This must have at most {} entries."),
}
_SHORTEST = {"string_too_short", "too_short"}
_SOMETHING_BUT_BLANKS = r"\S"


def words_of(error: ValidationError, most: int | None = None) -> dict[str, list[str]]:
    """Return the messages of each field, at most so many in all; ``a.0`` is within ``a``."""
    fields: dict[str, list[str]] = {}
    for item in error.errors(include_url=False, include_input=False)[:most]:
        name = ".".join(str(part) for part in item["loc"]) or "body"
        words = in_words(item["type"], item.get("ctx", {}), item["msg"])
        fields.setdefault(name, []).append(words)
    return fields


def in_words(kind: str, context: Mapping[str, Any] | None = None, message: str = "") -> str:
    """Return one sentence about a mistake.

    Args:
        kind: As pydantic calls it: ``greater_than_equal``.
        context: Its bounds: ``{"ge": 1}``.
        message: Of our own checks, where the kind is ``value_error``: ``must be a number``.
    """
    bounds = context or {}
    if kind == "value_error":
        return _sentence(message.removeprefix("Value error, "))
    if kind in ("literal_error", "enum"):
        return f"This must be {bounds['expected']}." if "expected" in bounds else UNFIT
    if kind == "string_pattern_mismatch":
        return EMPTY if bounds.get("pattern") == _SOMETHING_BUT_BLANKS else UNFIT
    if kind in _BOUNDED:
        name, words = _BOUNDED[kind]
        bound = bounds.get(name)
        if kind in _SHORTEST and bound == 1:
            return EMPTY
        if bound is not None:
            return words.format(_number(bound))
    return _PLAIN.get(kind, UNFIT)


def _number(bound: Any) -> str:
    return f"{bound:,.10g}" if isinstance(bound, float) else f"{bound:,}"


def _sentence(message: str) -> str:
    text = f"This {message}" if message.startswith("must ") else message[:1].upper() + message[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
