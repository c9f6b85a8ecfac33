"""What templates may call: number, money and time formats, icons, and safe Markdown.

Every filter takes ``None`` for "not known yet" and says so in a word or a dash, so that the
templates need no conditions of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import nh3
from lucide.jinja import lucide
from markdown_it import MarkdownIt
from markupsafe import Markup

if TYPE_CHECKING:
    from flask import Flask

NONE = "–"
MINUTE_S = 60
HOUR_S = 3600
DAY_S = 86400

STATUS_WORDS = {
    "queued": "Queued",
    "running": "Running",
    "paused": "Paused",
    "completed": "Done",
    "failed": "Failed",
    "canceled": "Canceled",
    "delivered": "Delivered",
    "pending": "Pending",
}
STATUS_TONES = {
    "queued": "idle",
    "running": "run",
    "paused": "warn",
    "completed": "ok",
    "failed": "bad",
    "canceled": "idle",
    "delivered": "ok",
    "pending": "run",
}
OUTCOME_WORDS = {
    "correct": "Correct",
    "partial": "Partial",
    "incorrect": "Wrong",
    "refused": "Refused",
    "truncated": "Truncated",
    "unparsable": "Unparsable",
    "error": "Error",
    "skipped": "Skipped",
}
OUTCOME_TONES = {
    "correct": "ok",
    "partial": "warn",
    "incorrect": "bad",
    "refused": "warn",
    "truncated": "warn",
    "unparsable": "warn",
    "error": "bad",
    "skipped": "idle",
}


@dataclass(frozen=True, slots=True)
class Segment:
    """One piece of the outcome bar; ``x`` and ``width`` are SVG lengths in percent."""

    outcome: str
    label: str
    count: int
    x: str
    width: str


def percent(value: float | None, digits: int = 1) -> str:
    """Return a share 0..1 as ``91.8%``."""
    return NONE if value is None else f"{value * 100:.{digits}f}%"


def interval(bounds: Iterable[float] | None, digits: int = 1) -> str:
    """Return two shares 0..1 as ``88.6–94.1``, without the percent sign."""
    if bounds is None:
        return ""
    low, high = bounds
    return f"{low * 100:.{digits}f}–{high * 100:.{digits}f}"


def points(value: float | None, digits: int = 1) -> str:
    """Return a difference of shares as signed percentage points, ``+3.4`` or ``−0.8``."""
    if value is None:
        return NONE
    sign = "+" if value > 0 else "−" if value < 0 else "±"
    return f"{sign}{abs(value) * 100:.{digits}f}"


def usd(value: float | None) -> str:
    """Return money; an unknown price is called unknown, and a tiny one is not called zero."""
    if value is None:
        return "unknown"
    if value != 0 and abs(value) < 0.0001:
        return "under $0.0001"
    digits = 4 if value != 0 and abs(value) < 0.01 else 2
    return f"${value:,.{digits}f}"


def usd_range(value: Mapping[str, float] | None) -> str:
    """Return ``{low, high}`` as ``$1.10–$1.60``, or one amount where both print alike."""
    if value is None:
        return "unknown"
    low, high = usd(value["low"]), usd(value["high"])
    return low if low == high else f"{low}–{high}"


def duration(seconds: float | None) -> str:
    """Return seconds as ``840 ms``, ``3.2 s``, ``1 min 15 s``, ``2 h 5 min`` or ``3 d 4 h``."""
    if seconds is None:
        return NONE
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size_s, name, below_s, below in (
        (DAY_S, "d", HOUR_S, "h"),
        (HOUR_S, "h", MINUTE_S, "min"),
        (MINUTE_S, "min", 1, "s"),
    ):
        if whole >= size_s:
            rest = whole % size_s // below_s
            return f"{whole // size_s} {name}" + (f" {rest} {below}" if rest else "")
    return f"{whole} s"


def milliseconds(value: float | None) -> str:
    """Return milliseconds in the words of ``duration``."""
    return duration(None if value is None else value / 1000)


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


def byte_size(value: float | None) -> str:
    """Return bytes as ``812 B``, ``12.3 kB`` or ``4.0 MB``."""
    if value is None:
        return NONE
    size = float(value)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def number(value: float | None) -> str:
    """Return a whole number with separators, ``12,140``."""
    return NONE if value is None else f"{value:,.0f}"


def compact(value: float | None) -> str:
    """Return a large count as ``412k`` or ``1.3M``."""
    if value is None:
        return NONE
    for limit, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            scaled = value / limit
            return f"{scaled:.0f}{unit}" if scaled >= 100 else f"{scaled:.1f}{unit}"
    return f"{value:.0f}"


def short_id(value: object) -> str:
    """Return the last eight characters: UUIDv7s of the same minute begin alike."""
    return str(value)[-8:]


def initials(email: str | None) -> str:
    """Return two letters for the account's badge."""
    return (email or "?")[:2]


def status_word(status: str) -> str:
    """Return a run's or a delivery's status as a word for people."""
    return STATUS_WORDS.get(status, status.capitalize())


def status_tone(status: str) -> str:
    """Return the pill's tone for a status: ok, run, warn, bad or idle."""
    return STATUS_TONES.get(status, "idle")


def outcome_word(outcome: str) -> str:
    """Return a sample's outcome as a word for people."""
    return OUTCOME_WORDS.get(outcome, outcome.capitalize())


def outcome_tone(outcome: str) -> str:
    """Return the pill's tone for an outcome."""
    return OUTCOME_TONES.get(outcome, "idle")


def segments(counts: Mapping[str, int] | object) -> list[Segment]:
    """Return the pieces of the outcome bar, in fixed order, absent outcomes with width 0."""
    values = {outcome: _count(counts, outcome) for outcome in OUTCOME_WORDS}
    total = sum(values.values()) or 1
    pieces, before = [], 0
    for outcome, count in values.items():
        x, width = before / total, count / total
        pieces.append(Segment(outcome, OUTCOME_WORDS[outcome], count, f"{x:.3%}", f"{width:.3%}"))
        before += count
    return pieces


def _count(counts: Mapping[str, int] | object, outcome: str) -> int:
    if isinstance(counts, Mapping):
        return int(counts.get(outcome) or 0)
    return int(getattr(counts, outcome, 0) or 0)


_MARKDOWN = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")
_MARKDOWN_TAGS = {
    "p", "br", "hr", "em", "strong", "code", "pre", "blockquote", "ul", "ol", "li", "a",
    "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip


def markdown(text: str | None) -> Markup:
    """Return a model's answer as safe HTML: no raw HTML, no images, no scripts, no styles.

    Two fences: the parser escapes HTML, and the sanitiser lets only a list of plain tags by.
    An image would call a foreign server with the reader's address, hence none.
    """
    html = _MARKDOWN.render(text or "")
    clean = nh3.clean(
        html,
        tags=_MARKDOWN_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer nofollow",
    )
    return Markup(clean)  # noqa: S704 - nh3 has just cleaned it


FILTERS: dict[str, Any] = {
    "percent": percent,
    "interval": interval,
    "points": points,
    "usd": usd,
    "usd_range": usd_range,
    "duration": duration,
    "milliseconds": milliseconds,
    "ago": ago,
    "moment": moment,
    "clock": clock,
    "bytes": byte_size,
    "number": number,
    "compact": compact,
    "short_id": short_id,
    "initials": initials,
    "status_word": status_word,
    "status_tone": status_tone,
    "outcome_word": outcome_word,
    "outcome_tone": outcome_tone,
    "segments": segments,
    "markdown": markdown,
}


def register_template_filters(app: Flask) -> None:
    """Give the templates of ``app`` the filters and the icon function ``lucide``."""
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals["lucide"] = lucide
    app.jinja_env.globals["outcome_words"] = OUTCOME_WORDS
    app.jinja_env.globals["status_words"] = STATUS_WORDS
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
