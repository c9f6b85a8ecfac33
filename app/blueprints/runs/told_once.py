"""Keeps the page of a run from telling the same long text in its banner, its errors and its log."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_FIRST_CLAUSE = re.compile(r"(?:The judge \S+: )?.+?(?=[:.;]\s|[:.;]?$)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of the log as the page shows it."""

    at: datetime
    kind: str
    message: str


def notices_beside(run: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the notices of a run without those that its own failure tells."""
    above = (run["error"] or {}).get("code")
    return [notice for notice in run["notices"] if notice["code"] != above]


def groups_beside(run: Mapping[str, Any], groups: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the errors by cause, without the words of those that stand above them."""
    above = _codes_above(run)
    return [
        {**group, "message": "", "action": None} if group["code"] in above else group
        for group in groups
    ]


def samples_beside(
    run: Mapping[str, Any], rows: Iterable[tuple[Any, dict[str, Any]]]
) -> list[dict[str, Any]]:
    """Return samples as rows of a list; of an error that stands above them the first words.

    Args:
        run: As pages show it.
        rows: Each sample's row, and how a list shows it.
    """
    above = _codes_above(run)
    return [
        {**view, "error": first_clause(view["error"])}
        if row.error and row.error.get("code") in above
        else view
        for row, view in rows
    ]


def log_beside(run: Mapping[str, Any], rows: Iterable[Any]) -> list[LogLine]:
    """Return the lines of the log; of what stands above them the first words."""
    above = {notice["message"] for notice in run["notices"]} | {(run["error"] or {}).get("message")}
    return [
        LogLine(
            row.at, row.kind, first_clause(row.message) if row.message in above else row.message
        )
        for row in rows
    ]


def _codes_above(run: Mapping[str, Any]) -> set[str | None]:
    """Return the codes of what stands at the top of the page."""
    return {notice["code"] for notice in run["notices"]} | {(run["error"] or {}).get("code")}


def first_clause(message: str) -> str:
    """Return a message up to its first colon or full stop, as a sentence."""
    found = _FIRST_CLAUSE.match(message)
    return f"{found[0]}." if found else message
