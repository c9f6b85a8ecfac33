"""Field types of requests: numbers as JSON has them, text that every database can keep."""

from __future__ import annotations

from pydantic import AfterValidator, BeforeValidator


def json_integer(value: object) -> object:
    """Accept ``5.0``, which JSON does not tell from ``5``, and refuse ``true``."""
    if isinstance(value, bool):
        raise ValueError("must be a number")
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def json_number(value: object) -> object:
    """Refuse ``true``, which Python takes for 1."""
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


def storable(text: str) -> str:
    r"""Refuse U+0000, which PostgreSQL cannot store, and half a surrogate pair, which is no text.

    JSON can hold both: ``"\u0000"`` and ``"\ud800"``.
    """
    if "\0" in text:
        raise ValueError("must not contain the character U+0000")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("must not contain half of a surrogate pair") from None
    return text


Whole = BeforeValidator(json_integer)
Number = BeforeValidator(json_number)
Storable = AfterValidator(storable)
