"""Adds the tokens of several calls, where unknown is never taken for nothing."""

from __future__ import annotations

from collections.abc import Sequence

from app.engine.types import TokenUsage


def sum_usage(calls: Sequence[TokenUsage]) -> TokenUsage:
    """Return what calls used together; those that are not known are told in ``uncounted``."""
    if len(calls) == 1:
        return calls[0]
    return TokenUsage(
        _sum([usage.input_tokens for usage in calls]),
        _sum([usage.output_tokens for usage in calls]),
        _sum([usage.cached_input_tokens for usage in calls]),
        _sum([usage.cache_write_tokens for usage in calls]),
        _sum([usage.reasoning_tokens for usage in calls]),
        sum(usage.uncounted or not usage.is_known for usage in calls),
    )


def sum_known(amounts: Sequence[float | None]) -> float | None:
    """Return the sum of what is known; ``None`` where nothing is."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None


def _sum(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
