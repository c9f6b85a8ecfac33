"""Points in time as ``<time>`` elements, which the browser makes local and keeps up to date."""

from __future__ import annotations

from datetime import UTC, datetime

from markupsafe import Markup

from app.template_filters.numbers import DAY_S, HOUR_S, MINUTE_S, NONE


def _moment(value: datetime | str) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _time_tag(moment: datetime, text: str, kind: str) -> Markup:
    return Markup('<time datetime="{}" title="{}" data-time="{}">{}</time>').format(
        moment.strftime("%Y-%m-%dT%H:%M:%SZ"), moment.strftime("%d %b %Y, %H:%M UTC"), kind, text
    )


def ago(value: datetime | str | None, now: datetime | None = None) -> str:
    """Return a ``<time>`` that reads ``5 min ago``; the browser keeps it up to date."""
    if value is None:
        return NONE
    moment = _moment(value)
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    return _time_tag(moment, _ago_words(moment, seconds), "ago")


def _ago_words(moment: datetime, seconds: float) -> str:
    if seconds < 0:
        return moment.strftime("%d %b %Y, %H:%M")
    if seconds < 45:
        return "just now"
    if seconds < HOUR_S:
        return f"{max(1, round(seconds / MINUTE_S))} min ago"
    if seconds < DAY_S:
        return f"{round(seconds / HOUR_S)} h ago"
    if seconds < 2 * DAY_S:
        return "yesterday"
    if seconds < 7 * DAY_S:
        return f"{int(seconds // DAY_S)} days ago"
    return moment.strftime("%d %b %Y")


def moment(value: datetime | str | None) -> str:
    """Return a ``<time>`` with date and time; UTC until the browser makes it local."""
    if value is None:
        return NONE
    at = _moment(value)
    return _time_tag(at, at.strftime("%d %b %Y, %H:%M UTC"), "moment")


def clock(value: datetime | str | None) -> str:
    """Return a ``<time>`` with the time of day, for log lines."""
    if value is None:
        return NONE
    at = _moment(value)
    return _time_tag(at, at.strftime("%H:%M:%S"), "clock")
