"""Parses how long a server asks to wait, in all forms that providers use."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_DURATION = re.compile(
    r"(?:(?P<d>\d+(?:\.\d+)?)d)?(?:(?P<h>\d+(?:\.\d+)?)h)?(?:(?P<m>\d+(?:\.\d+)?)m(?!s))?"
    r"(?:(?P<s>\d+(?:\.\d+)?)s)?(?:(?P<ms>\d+(?:\.\d+)?)ms)?",
    re.ASCII,
)
_PLAIN = re.compile(r"\d+(?:\.\d+)?(?:[eE]\+?\d+)?", re.ASCII)
_LONGEST_S = 3650 * 86_400.0
_UNITS_S = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_RESETS = (
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
    ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
    ("anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"),
    ("anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"),
)


def parse_retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that a server asks to wait, ``None`` where it does not say.

    ``retry-after-ms`` wins over ``Retry-After``; without both, the reset times of the limits
    that are used up count.

    Args:
        headers: Of the answer, by name in any case (or all in lower case).
        now: Aware; dates are counted from here.
    """
    milliseconds = headers.get("retry-after-ms")
    if milliseconds is not None and _PLAIN.fullmatch(milliseconds.strip()):
        return _sane(float(milliseconds) / 1000)
    given = headers.get("retry-after")
    if given is not None:
        return parse_wait(given, now)
    waits = [
        parse_wait(headers.get(reset, ""), now)
        for remaining, reset in _RESETS
        if headers.get(remaining) == "0"
    ]
    return max((wait for wait in waits if wait is not None), default=None)


def parse_wait(text: str, now: datetime) -> float | None:
    """Return the seconds in ``text``: a number, ``1m30s``, an HTTP date or an ISO time.

    Times in the past are 0. Infinite, negative and unreadable values are ``None``; more than
    ten years are ten years, so that the moment always has a date.
    """
    text = text.strip()
    if _PLAIN.fullmatch(text):
        return _sane(float(text))
    duration = _DURATION.fullmatch(text)
    if text and duration:
        groups = duration.groupdict(default="0")
        return _sane(sum(float(groups[unit]) * size for unit, size in _UNITS_S.items()))
    moment = _moment(text)
    return None if moment is None else _sane(max(0.0, (moment - now).total_seconds()))


def _moment(text: str) -> datetime | None:
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(text)
        except (ValueError, OverflowError):
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _sane(seconds: float) -> float | None:
    return min(seconds, _LONGEST_S) if math.isfinite(seconds) else None
