"""The text of one cell of an uploaded file."""

from __future__ import annotations

import json
from typing import Any

from app.engine.own.own_data_error import OwnDataError


def text_of(value: Any, line: int, name: str) -> str:
    """Return a value as text: numbers and truth values as JSON writes them.

    Raises:
        OwnDataError: It is neither text nor a number, or cannot be stored.
    """
    if isinstance(value, str):
        text = value.strip("\r\n")
    elif isinstance(value, bool | int | float):
        text = json.dumps(value)
    else:
        raise OwnDataError(f"its {name!r} should be text or a number.", line)
    if "\0" in text or not _is_unicode(text):
        raise OwnDataError(f"its {name!r} holds a character that cannot be stored.", line)
    return text


def _is_unicode(text: str) -> bool:
    """Return whether no half of a surrogate pair stands alone; a loop here would cost seconds."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
