"""Keeps the page of a run from telling the same long text in its banner, its errors and its log."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.engine.questions import PromptShape
from app.models import RunEventRow, SampleRow
from app.queries.samples import row_view

_FIRST_CLAUSE = re.compile(r"(?:The judge \S+: )?.+?(?=[:.;]\s|[:.;]?$)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of the log as the page shows it."""

    at: datetime
    kind: str
    message: str


def notices_beside(run: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the notices of a run without those that its own failure tells."""
    told = (run["error"] or {}).get("code")
    return [notice for notice in run["notices"] if notice["code"] != told]


def groups_beside(run: Mapping[str, Any], groups: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the errors by cause, without the words of those that stand above them."""
    told = _told(run)
    return [
        {**group, "message": "", "action": None} if group["code"] in told else group
        for group in groups
    ]


def samples_beside(
    run: Mapping[str, Any], rows: Iterable[SampleRow], shape: PromptShape
) -> list[dict[str, Any]]:
    """Return samples as rows of a list; of an error that stands above them the first words."""
    told = _told(run)
    views = []
    for row in rows:
        view = row_view(row, shape)
        if row.error and row.error.get("code") in told:
            view["error"] = first_clause(view["error"])
        views.append(view)
    return views


def log_beside(run: Mapping[str, Any], rows: Iterable[RunEventRow]) -> list[LogLine]:
    """Return the lines of the log; of what stands above them the first words."""
    told = {notice["message"] for notice in run["notices"]} | {(run["error"] or {}).get("message")}
    return [
        LogLine(row.at, row.kind, first_clause(row.message) if row.message in told else row.message)
        for row in rows
    ]


def _told(run: Mapping[str, Any]) -> set[str | None]:
    """Return the codes of what stands at the top of the page."""
    return {notice["code"] for notice in run["notices"]} | {(run["error"] or {}).get("code")}


def first_clause(message: str) -> str:
    """Return a message up to its first colon or full stop, as a sentence."""
    found = _FIRST_CLAUSE.match(message)
    return f"{found[0]}." if found else message
