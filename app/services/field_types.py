"""Field types of requests: JSON numbers, and text that all databases can store."""

from __future__ import annotations

import math

from pydantic import AfterValidator, BeforeValidator


def json_whole(value: object) -> int:
    """Take JSON's whole numbers, of which ``5.0`` is one, but neither ``"5"`` nor ``true``."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("must be a whole number")
    return value


def json_number(value: object) -> int | float:
    """Take JSON's numbers, but neither ``"0.5"`` nor ``true``, which Python takes for 1."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must be a finite number")
    return value


def json_switch(value: object) -> object:
    """Take ``true`` and ``false``, or a word, but not 1, which Python takes for ``true``."""
    if not isinstance(value, bool | str):
        raise ValueError("must be true, false or auto")
    return value


def typed_number(text: str) -> int | float | str:
    """Return the number that was typed into a form; the text itself where it is none."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def storable(text: str) -> str:
    r"""Refuse text with U+0000 or lone surrogates, which databases cannot store.

    JSON can hold both: ``"\u0000"`` and ``"\ud800"``.
    """
    if "\0" in text:
        raise ValueError("must not contain the character U+0000")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("must not contain half of a surrogate pair") from None
    return text


Whole = BeforeValidator(json_whole)
Number = BeforeValidator(json_number)
Switch = BeforeValidator(json_switch)
Storable = AfterValidator(storable)
