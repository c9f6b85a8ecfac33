"""What a run may spend."""

from __future__ import annotations

from collections.abc import Sequence

from app.engine.types import CallFailure, SampleResult
from app.recorder import Counts
from app.services.costs import CostOf


class RunBudget:
    """Pauses a run that has spent what it may; calls under way then still finish.

    Args:
        limit_usd: What all attempts of the run may cost together.
        counts: What the run's rows add up to; the recorder keeps it up.
        cost_of: Prices it. Where the price is not known, nothing is ever too much.
    """

    def __init__(self, limit_usd: float, counts: Counts, cost_of: CostOf) -> None:
        self._limit_usd = limit_usd
        self._counts = counts
        self._cost_of = cost_of

    def check(self, results: Sequence[SampleResult] = ()) -> CallFailure | None:
        """Return why the run must pause, or ``None`` to go on; ``results`` are counted already."""
        counts = self._counts
        spent = self._cost_of(counts.input_tokens, counts.output_tokens, counts.done)
        if spent is None or spent < self._limit_usd:
            return None
        return CallFailure(
            "budget_reached",
            f"The run has cost ${spent:,.4f}; its budget is ${self._limit_usd:,.4f}. "
            "Finished samples are kept.",
            "Resume it with a larger budget (POST /runs/{id}/resume with budget_usd), "
            "or duplicate it.",
        )
