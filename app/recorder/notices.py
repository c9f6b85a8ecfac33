"""What the user of a run must know: its warnings, each once, in the run's own row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.engine.run.plan import RunEvent

MOST_NOTICES = 30


class Notices:
    """The warnings of a run so far, those of earlier attempts included.

    A later warning of the same kind takes the place of an earlier one, whose count is old.
    """

    def __init__(self, kept: Sequence[Mapping[str, Any]] = ()) -> None:
        self._kept = [dict(each) for each in kept]
        self._is_new = False
        self._is_untold = False

    def note(self, events: Sequence[RunEvent]) -> None:
        """Add the warnings among ``events``."""
        for event in events:
            if event.kind == "warning":
                self._add(event)

    def columns(self) -> dict[str, Any]:
        """Return the column to write; nothing while it is as it was written last."""
        return {"notices": self._kept} if self._is_new else {}

    def written(self) -> None:
        """Take note that the column was written."""
        self._is_new = False

    def take_untold(self) -> list[dict[str, str]] | None:
        """Return all warnings if there are new ones since this was asked last."""
        is_untold, self._is_untold = self._is_untold, False
        return notice_views(self._kept) if is_untold else None

    def _add(self, event: RunEvent) -> None:
        notice: dict[str, Any] = {"code": event.code, "message": event.message}
        if event.change:
            notice["change"] = dict(event.change)
        rest = [each for each in self._kept if _kind(each) != _kind(notice)]
        self._kept = [*rest, notice][:MOST_NOTICES]
        self._is_new = self._is_untold = True


def notice_views(notices: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return a run's notices as pages and API show them."""
    return [{"code": each["code"], "message": each["message"]} for each in notices]


def _kind(notice: Mapping[str, Any]) -> tuple[Any, Any]:
    return notice["code"], notice.get("change")
