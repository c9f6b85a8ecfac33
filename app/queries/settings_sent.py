"""What became of a run's settings: a model may refuse one, which is then not sent, or changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.models import Run
from app.queries.run_records import RunRecord

_MERGED = "sent at the beginning of the first user message"
_DECIDES = "not sent as it is: the model decides by itself"
_NOT_SENT = "not sent: the model does not take it"


def settings_sent(run: Run | RunRecord) -> Mapping[str, str]:
    """Return what became of the settings that were not sent as they are, by the setting's name."""
    changes = [notice["change"] for notice in run.notices or () if "change" in notice]
    found = {}
    for change in changes:
        words = _words(change) if change.get("seat", "model") == "model" else None
        if words is not None:
            name = (
                "system_message" if change["kind"] == "merge_system" else change.get("setting", "")
            )
            found[name] = words
    return found


def _words(change: Mapping[str, Any]) -> str | None:
    kind, value = change.get("kind"), change.get("value")
    if kind == "drop":
        return _NOT_SENT
    if kind == "limit" and isinstance(value, int | float):
        return f"sent as {value:,g} at most: the model takes no more"
    if kind == "set":
        return _DECIDES
    return _MERGED if kind == "merge_system" else None
