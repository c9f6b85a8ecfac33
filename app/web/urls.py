"""Builds URLs of our own pages."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from typing import Any

from flask import url_for
from werkzeug.routing import PathConverter

_CODED = "~"


def address(endpoint: str, **values: Any) -> str:
    """Return the URL of ``endpoint``, leaving out empty values."""
    given = {name: value for name, value in values.items() if value not in (None, "")}
    return url_for(endpoint, **given)


class SampleIdConverter(PathConverter):
    """A sample's id in a URL, encoded where programs would change it.

    Browsers and proxies take ``.``, ``..`` and empty steps out of a path, and refuse control
    characters. Such names are ``~`` and the base64url of their UTF-8.
    """

    regex = r"[\s\S]+?"
    part_isolating = False  # names may have slashes

    def to_url(self, value: str) -> str:
        """Return a sample's id as part of a URL."""
        steps = value.split("/")
        is_plain = value.isprintable() and not value.startswith(_CODED)
        if is_plain and not any(step in ("", ".", "..") for step in steps):
            return super().to_url(value)
        return _CODED + urlsafe_b64encode(value.encode()).decode().rstrip("=")

    def to_python(self, value: str) -> str:
        """Return the sample's id; text that only looks encoded is taken as it is."""
        if not value.startswith(_CODED):
            return value
        coded = value.removeprefix(_CODED)
        try:
            return b64decode(coded + "=" * (-len(coded) % 4), b"-_", validate=True).decode()
        except ValueError:
            return value
