"""The charts of a comparison."""

from __future__ import annotations

from typing import Any


def charts(comparison: dict[str, Any]) -> dict[str, Any]:
    return {}
