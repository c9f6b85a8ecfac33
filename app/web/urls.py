"""Addresses of our own pages, and what stands in them."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from typing import Any

from flask import url_for
from werkzeug.routing import PathConverter

_CODED = "~"


def address(endpoint: str, **values: Any) -> str:
    """Return the address of ``endpoint``; values that are empty or ``None`` are left out."""
    given = {name: value for name, value in values.items() if value not in (None, "")}
    return url_for(endpoint, **given)


class SampleIdConverter(PathConverter):
    """The name of a sample in an address: as it is, or coded where programs would change it.

    Browsers and proxies take ``.``, ``..`` and empty steps out of a path, and refuse control
    characters. Such names are ``~`` and the base64url of their UTF-8.
    """

    regex = r"[\s\S]+?"
    part_isolating = False  # names may have slashes

    def to_url(self, value: str) -> str:
        """Return the part of an address that names a sample."""
        steps = value.split("/")
        is_plain = value.isprintable() and not value.startswith(_CODED)
        if is_plain and not any(step in ("", ".", "..") for step in steps):
            return super().to_url(value)
        return _CODED + urlsafe_b64encode(value.encode()).decode().rstrip("=")

    def to_python(self, value: str) -> str:
        """Return the sample's name; what only looks coded is one."""
        if not value.startswith(_CODED):
            return value
        coded = value.removeprefix(_CODED)
        try:
            return b64decode(coded + "=" * (-len(coded) % 4), b"-_", validate=True).decode()
        except ValueError:
            return value
