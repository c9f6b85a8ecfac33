"""Numbers, money, sizes and durations as text; ``None`` reads as a dash or a word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app import formats

NONE = "–"
MINUTE_S = 60
HOUR_S = 3600
DAY_S = 86400


def percent(value: float | None, digits: int = 1) -> str:
    """Return a share 0..1 as ``91.8%``."""
    return NONE if value is None else formats.percent(value, digits)


def interval(bounds: Iterable[float] | None, digits: int = 1) -> str:
    """Return two shares 0..1 as ``88.6–94.1``, without the percent sign."""
    if bounds is None:
        return ""
    low, high = bounds
    return formats.interval(low, high, digits)


def points(value: float | None, digits: int = 1) -> str:
    """Return a difference of shares as signed percentage points, ``+3.4`` or ``−0.8``."""
    return NONE if value is None else formats.points(value, digits)


def usd(value: float | None) -> str:
    """Return money; an unknown price is called unknown, and a tiny one is not called zero."""
    return "unknown" if value is None else formats.usd(value)


def spent(usage: Mapping[str, Any]) -> str:
    """Return what a run cost; at least what is known, where some answers' tokens are not."""
    cost, known = usage.get("cost_usd"), usage.get("known_cost_usd")
    return f"at least {formats.usd(known)}" if cost is None and known else usd(cost)


def tokens_in_all(usage: Mapping[str, Any]) -> str:
    """Return the tokens of a run as one count; ``unknown`` where no answer's were counted."""
    counts = [usage.get(name) for name in ("input_tokens", "output_tokens")]
    known = [count for count in counts if count is not None]
    return compact(sum(known)) if known else "unknown"


def token_split(usage: Mapping[str, Any]) -> str:
    """Return the tokens of a run as ``12.0k in (8.0k cached), 3.1k out (2.0k reasoning)``."""
    read, made = usage.get("input_tokens"), usage.get("output_tokens")
    if read is None and made is None:
        return "The provider did not count them"
    cached, reasoning = usage.get("cached_input_tokens"), usage.get("reasoning_tokens")
    text = f"{compact(read)} in" + (f" ({compact(cached)} cached)" if cached else "")
    text += f", {compact(made)} out" + (f" ({compact(reasoning)} reasoning)" if reasoning else "")
    missing = usage.get("samples_without_usage")
    return text + (f"; {missing:,} without a count" if missing else "")


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


def token_rate(value: float | None) -> str:
    """Return tokens per second as ``7.4`` or ``1,250``."""
    if value is None:
        return NONE
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


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
