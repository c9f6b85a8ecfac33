"""Numbers as charts write them."""

from __future__ import annotations

MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"


def percent(value: float, digits: int = 1) -> str:
    """Return a share 0..1 as ``91.8%``."""
    return f"{value * 100:.{digits}f}%"


def interval(low: float, high: float) -> str:
    """Return two shares 0..1 as ``88.6–94.1``."""
    return f"{low * 100:.1f}{DASH}{high * 100:.1f}"


def points(difference: float) -> str:
    """Return a difference of shares in signed percentage points."""
    text = f"{abs(difference) * 100:.1f}"
    if float(text) == 0:
        return "0.0"
    return f"{'+' if difference > 0 else MINUS}{text}"


def usd(value: float) -> str:
    """Return money, with more digits where it is little; as the pages write it."""
    digits = 4 if 0 < value < 0.01 else 3 if 0 < value < 0.1 else 2
    text = f"{value:,.{digits}f}"
    cents = text.index(".") + 3
    return f"${text[:cents]}{text[cents:].rstrip('0')}"
