"""Money, shares and differences as text: the one source for pages, charts, messages and engine.

``static/js/lib/format.js`` writes the same; a test compares the two.
"""

from __future__ import annotations

import math

MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"


def percent(value: float, digits: int = 1) -> str:
    """Return a share 0..1 as ``91.8%``."""
    return f"{value * 100:.{digits}f}%"


def interval(low: float, high: float, digits: int = 1) -> str:
    """Return two shares 0..1 as ``88.6–94.1``, without the percent sign."""
    return f"{low * 100:.{digits}f}{DASH}{high * 100:.{digits}f}"


def points(difference: float, digits: int = 1) -> str:
    """Return a difference of shares in signed percentage points; what rounds to 0 has no sign."""
    text = f"{abs(difference) * 100:.{digits}f}"
    if float(text) == 0:
        return text
    return f"{'+' if difference > 0 else MINUS}{text}"


def usd(value: float) -> str:
    """Return money for readers; a tiny amount is not called zero."""
    size = abs(value)
    if 0 < size < 0.0001:
        return "under $0.0001"
    # Two digits would call 1.5 cents 2 cents, and a range of cents one amount.
    return _dollars(value, 4 if 0 < size < 0.01 else 3 if 0 < size < 0.1 else 2)


def exact_usd(value: float) -> str:
    """Return money to the millionth of a dollar, for amounts that are compared with a limit.

    Smaller amounts keep two figures: nothing that was spent is called zero.
    """
    size = abs(value)
    return _dollars(value, 6 if size == 0 or size >= 1e-6 else 1 - math.floor(math.log10(size)))


def _dollars(value: float, digits: int) -> str:
    text = f"{value:,.{digits}f}"
    cents = text.index(".") + 3
    return f"${text[:cents]}{text[cents:].rstrip('0')}"
