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
_EPOCH_S, _EPOCH_MS = 1e9, 1e12
_GATEWAYS = ("", "llm_provider-")
"""What stands before a header: LiteLLM's proxy passes its provider's on under another name."""

_LIMIT = "ratelimit"
_USED_UP = re.compile(r"\b(?:r|remaining)=0\b[^=]{0,40}\b(?:t|reset)=(\d+)", re.ASCII)
"""What the header ``RateLimit`` of the IETF's drafts says of a limit that is used up."""

_SPOKEN = re.compile(
    r"\b(?:try(?:ing)? again|retry(?:ing)?|wait|resets?)\b[^\d\n]{0,24}?"
    r"((?:\d+(?:\.\d+)?\s*(?:milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?"
    r"|d)(?![a-z])(?:,? (?:and )?)?)+)",
    re.IGNORECASE,
)
_SPOKEN_PART = re.compile(r"(?<!\d)(\d++(?:\.\d++)?)\s*+([a-z]++)", re.IGNORECASE)
_SPOKEN_MOMENT = re.compile(
    r"\b(?:resets?|again|retry)\b[^\d\n]{0,24}?"
    r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)",
    re.IGNORECASE,
)


def parse_retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that a server asks to wait, ``None`` where it does not say.

    ``retry-after-ms`` wins over ``Retry-After``; without both, the reset times of the limits
    that are used up count, whatever they limit: of ``x-ratelimit-remaining-tokens-minute: 0`` it is
    ``x-ratelimit-reset-tokens-minute``.

    Args:
        headers: Of the answer, by name in any case.
        now: Aware; dates are counted from here.
    """
    lowered = {name.lower(): value.strip() for name, value in headers.items()}
    for gateway in _GATEWAYS:
        milliseconds = lowered.get(f"{gateway}retry-after-ms", "")
        if _PLAIN.fullmatch(milliseconds):
            return _sane(float(milliseconds) / 1000)
        asked = parse_wait(lowered.get(f"{gateway}retry-after", ""), now)
        waited = _until_reset(lowered, gateway, now) if asked is None else asked
        if waited is not None:
            return waited
    return None


def _until_reset(headers: Mapping[str, str], gateway: str, now: datetime) -> float | None:
    """Return the seconds until every limit that is used up begins anew."""
    limits = {name: left for name, left in headers.items() if _LIMIT in name}
    waits = [
        _parse_reset(headers.get(name.replace("remaining", "reset"), ""), now)
        for name, left in limits.items()
        if left == "0" and "remaining" in name and name.startswith(gateway)
    ]
    combined = _USED_UP.search(headers.get(f"{gateway}{_LIMIT}", ""))
    waits.append(float(combined[1]) if combined else None)
    return max((wait for wait in waits if wait is not None), default=None)


def _parse_reset(text: str, now: datetime) -> float | None:
    """Return the seconds until a reset: like a wait, or a number that is a Unix time."""
    text = text.strip()
    if not _PLAIN.fullmatch(text) or float(text) < _EPOCH_S:
        return parse_wait(text, now)
    moment_s = float(text) / (1000 if float(text) >= _EPOCH_MS else 1)
    return _sane(max(0.0, moment_s - now.timestamp()))


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


def find_wait(said: str, now: datetime) -> float | None:
    """Return the seconds to wait in the words of an error; ``None`` where there are none.

    ``Please try again in 1m26.4s.`` (OpenAI), ``Try again in 5 seconds.`` (LiteLLM), ``Please
    retry after 10 seconds`` (Azure), ``Limit resets at: 2026-01-01 10:00:00 UTC`` (LiteLLM).
    """
    spoken = _SPOKEN.search(said)
    if spoken is not None:
        parts = _SPOKEN_PART.findall(spoken[1])
        return _sane(sum(float(number) * _UNITS_S[_unit(word)] for number, word in parts))
    moment = _SPOKEN_MOMENT.search(said)
    return None if moment is None else parse_wait(moment[1], now)


def _unit(word: str) -> str:
    word = word.lower()
    return "ms" if word.startswith(("ms", "milli")) else word[0]


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
