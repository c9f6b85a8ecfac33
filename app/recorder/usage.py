"""What a run used: tokens and money, where unknown is never shown as nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

USAGE_COLUMNS = (
    "input_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
    "unmetered",
    "cost_usd",
    "judge_input_tokens",
    "judge_output_tokens",
    "judge_unmetered",
    "judge_cost_usd",
)
"""The columns of a run that :func:`usage_view` reads."""


def usage_of(run: Any) -> dict[str, Any]:
    """Return the usage of a run, or of its record, as API and pages show it."""
    return usage_view({name: getattr(run, name) for name in USAGE_COLUMNS})


def usage_view(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return the usage in the columns of a run as API and pages show it.

    Tokens that no provider counted are ``None``, and so is a cost of which a part is not known:
    that part alone is in ``known_cost_usd``.
    """
    unmetered, judge_unmetered = columns["unmetered"], columns["judge_unmetered"]
    cost_usd, judge_cost_usd = columns["cost_usd"], columns["judge_cost_usd"]
    return {
        "input_tokens": _counted(columns["input_tokens"], unmetered),
        "cached_input_tokens": columns["cached_input_tokens"],
        "cache_write_tokens": columns["cache_write_tokens"],
        "output_tokens": _counted(columns["output_tokens"], unmetered),
        "reasoning_tokens": columns["reasoning_tokens"],
        "samples_without_usage": unmetered,
        "judge_input_tokens": _counted(columns["judge_input_tokens"], judge_unmetered),
        "judge_output_tokens": _counted(columns["judge_output_tokens"], judge_unmetered),
        "cost_usd": whole_cost(cost_usd, unmetered),
        "known_cost_usd": cost_usd,
        "judge_cost_usd": whole_cost(judge_cost_usd, judge_unmetered),
    }


def known_cost(cost_usd: float | None, unmetered: int, *, is_priced: bool) -> float | None:
    """Return what is known of a cost: nothing spent yet is 0, if the price is known."""
    if not is_priced:
        return None
    if cost_usd is None and not unmetered:
        return 0.0
    return cost_usd


def whole_cost(cost_usd: float | None, unmetered: int) -> float | None:
    """Return a cost; ``None`` where calls without token counts belong to it.

    What costs nothing does so without token counts, too.
    """
    return None if cost_usd and unmetered else cost_usd


def _counted(tokens: int, unmetered: int) -> int | None:
    return None if unmetered and not tokens else tokens
