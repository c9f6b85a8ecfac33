"""Scales: from values to positions, and round numbers for ticks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

STEPS = (1, 2, 2.5, 5, 10)
LOG_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps ``low``..``high`` to 0..1, linearly or by logarithm; values outside are clamped."""

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if self.log and self.low <= 0:
            raise ValueError("a logarithmic scale starts above 0")

    def __call__(self, value: float) -> float:
        inside = min(max(value, self.low), self.high)
        start, end, at = self.low, self.high, inside
        if self.log:
            start, end, at = math.log10(start), math.log10(end), math.log10(at)
        return 0.5 if end == start else (at - start) / (end - start)

    def ticks(self, count: int = 5) -> list[float]:
        """Return about ``count`` round values in range."""
        if self.log:
            return self._log_ticks()
        if self.high <= self.low:
            return [self.low]
        raw = (self.high - self.low) / count
        magnitude = 10.0 ** math.floor(math.log10(raw))
        step = next(s * magnitude for s in STEPS if s * magnitude >= raw * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [round(number * step, 10) for number in range(first, last + 1)]

    def _log_ticks(self) -> list[float]:
        exponents = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        ticks = [step * 10.0**exponent for exponent in exponents for step in LOG_STEPS]
        return [tick for tick in ticks if self.low * 0.999 <= tick <= self.high * 1.001]


def padded(
    values: Iterable[float],
    *,
    pad: float = 0.06,
    floor: float | None = None,
    ceiling: float | None = None,
) -> Scale:
    """Return a linear scale around values, with room at both ends within the limits.

    A single value gets a range around it, no value at all 0..1.
    """
    known = list(values)
    if not known:
        return Scale(0.0, 1.0)
    low, high = min(known), max(known)
    room = (high - low) * pad or abs(high) * pad or pad
    low, high = low - room, high + room
    if floor is not None:
        low = max(low, floor)
    if ceiling is not None:
        high = min(high, ceiling)
    return Scale(low, high) if low < high else Scale(high - pad, low + pad)
