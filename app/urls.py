"""Addresses of our own pages."""

from __future__ import annotations

from typing import Any

from flask import url_for


def address(endpoint: str, **values: Any) -> str:
    """Return the address of ``endpoint``; values that are empty or ``None`` are left out."""
    given = {name: value for name, value in values.items() if value not in (None, "")}
    return url_for(endpoint, **given)
