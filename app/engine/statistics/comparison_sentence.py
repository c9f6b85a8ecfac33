"""A comparison in a sentence for people."""

from __future__ import annotations

from app.engine.statistics.comparison import Comparison
from app.formats import points as signed_points


def describe(comparison: Comparison, baseline: str, candidate: str) -> str:
    """Say who is better, by how much and how sure that is."""
    if comparison.verdict == "equal":
        return (
            f"{candidate} and {baseline} score the same on each of the "
            f"{comparison.n:,} samples that both answered."
        )
    facts = _facts(comparison)
    if comparison.verdict in ("better", "worse"):
        points = f"{abs(comparison.difference) * 100:.1f} points"
        return f"{candidate} is {comparison.verdict} than {baseline} by {points} ({facts})."
    said = (
        f"No clear difference: {candidate} scores {signed_points(comparison.difference)} points "
        f"against {baseline} ({facts}), which may be chance."
    )
    needed = comparison.samples_needed
    if needed is not None and needed > comparison.n:
        said += f" About {_rounded(needed):,} samples would settle a difference of this size."
    return said


def _facts(comparison: Comparison) -> str:
    parts = []
    if comparison.ci95 is not None:
        low, high = comparison.ci95
        parts.append(f"95% interval {signed_points(low)} to {signed_points(high)}")
    if comparison.p_value is not None:
        parts.append(p_text(comparison.p_value))
    parts.append(f"{comparison.n:,} sample{'s' if comparison.n > 1 else ''}")
    return ", ".join(parts)


def p_text(p_value: float) -> str:
    """Write a p-value with as many digits as it deserves."""
    if p_value < 0.001:
        return "p < 0.001"
    return f"p = {p_value:.3f}" if p_value < 0.1 else f"p = {p_value:.2f}"


def _rounded(number: int) -> int:
    """Round to two significant digits: a planned number of samples is not exact."""
    digits = max(0, len(str(number)) - 2)
    return round(number, -digits)
