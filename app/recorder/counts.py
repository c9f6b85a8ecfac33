"""Running totals of a run's rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from app.engine.types import Outcome, TokenUsage
from app.recorder.result_rows import PricedResult, ReplacedRow

ServedBy = tuple[str | None, str | None]
"""The model that answered and its fingerprint, in the server's words."""

MOST_SERVED = 50
"""A server that names itself anew with every reply is not followed beyond this."""


@dataclass(slots=True)
class Counts:
    """Totals, computed from the rows when work starts and updated during the run.

    Attributes:
        outcomes: Samples by outcome.
        scored: Samples with a score.
        score_sum: Of those.
        score_square_sum: Of those.
        input_tokens: As far as providers said, like all tokens here.
        cached_input_tokens: ``None`` until a provider says how many there were.
        cache_write_tokens: As above.
        output_tokens: Reasoning included.
        reasoning_tokens: ``None`` until a provider says how many there were.
        unmetered: Samples of whose calls some have tokens that are not known.
        cost_usd: Of the answers whose cost is known; ``None`` while there are none.
        judge_input_tokens: Of the judge.
        judge_output_tokens: Of the judge.
        judge_unmetered: As ``unmetered``.
        judge_cost_usd: As ``cost_usd``.
        retries: Repeated calls.
        stored_bytes: Of the rows.
    """

    outcomes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    scored: int = 0
    score_sum: float = 0.0
    score_square_sum: float = 0.0
    input_tokens: int = 0
    cached_input_tokens: int | None = None
    cache_write_tokens: int | None = None
    output_tokens: int = 0
    reasoning_tokens: int | None = None
    unmetered: int = 0
    cost_usd: float | None = None
    judge_input_tokens: int = 0
    judge_output_tokens: int = 0
    judge_unmetered: int = 0
    judge_cost_usd: float | None = None
    retries: int = 0
    stored_bytes: int = 0
    served: dict[ServedBy, int] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """Samples with a row."""
        return sum(self.outcomes.values())

    def add(self, outcome: str, score: float | None) -> None:
        """Count one row."""
        self.outcomes[outcome] += 1
        if score is not None:
            self.scored += 1
            self.score_sum += score
            self.score_square_sum += score * score

    def add_calls(self, usage: TokenUsage, cost_usd: float | None) -> None:
        """Count the tokens and the cost of a sample's calls; what is not known is not added."""
        self.input_tokens += usage.input_tokens or 0
        self.output_tokens += usage.output_tokens or 0
        self.unmetered += _is_unmetered(usage)
        if usage.cached_input_tokens is not None:
            self.cached_input_tokens = (self.cached_input_tokens or 0) + usage.cached_input_tokens
        if usage.cache_write_tokens is not None:
            self.cache_write_tokens = (self.cache_write_tokens or 0) + usage.cache_write_tokens
        if usage.reasoning_tokens is not None:
            self.reasoning_tokens = (self.reasoning_tokens or 0) + usage.reasoning_tokens
        if cost_usd is not None:
            self.cost_usd = (self.cost_usd or 0.0) + cost_usd

    def add_served(self, model: str | None, fingerprint: str | None) -> None:
        """Count who answered one row, where the server said so."""
        if model is None and fingerprint is None:
            return
        key = (model, fingerprint)
        if key in self.served or len(self.served) < MOST_SERVED:
            self.served[key] = self.served.get(key, 0) + 1

    def add_judge_calls(self, usage: TokenUsage, cost_usd: float | None) -> None:
        """Count the tokens and the cost of a sample's judge."""
        self.judge_input_tokens += usage.input_tokens or 0
        self.judge_output_tokens += usage.output_tokens or 0
        self.judge_unmetered += not usage.is_known
        if cost_usd is not None:
            self.judge_cost_usd = (self.judge_cost_usd or 0.0) + cost_usd

    def count(self, priced: PricedResult, replaced: ReplacedRow | None) -> None:
        """Count a new result, which may replace an unscored row."""
        result, spent = priced.result, priced.spent
        if replaced is not None:
            self.outcomes[replaced.outcome] -= 1
            if _is_unmetered(spent.usage) and _is_unmetered(replaced.spent.usage):
                self.unmetered -= 1  # it is counted below: a sample is one, however often asked
        self.add(result.outcome, result.score)
        if spent.usage is not None:
            self.add_calls(spent.usage, spent.cost_usd)
        if spent.judge_usage is not None:
            self.add_judge_calls(spent.judge_usage, spent.judge_cost_usd)
        if result.served is not None:
            self.add_served(result.served.model, result.served.fingerprint)

    def columns(self) -> dict[str, Any]:
        """Return the values of the run's columns."""
        return {
            **{str(outcome): n for outcome, n in self.outcomes.items()},
            "done": self.done,
            "scored": self.scored,
            "score_sum": self.score_sum,
            "score_square_sum": self.score_square_sum,
            "input_tokens": self.input_tokens,
            "cached_input_tokens": self.cached_input_tokens,
            "cache_write_tokens": self.cache_write_tokens,
            "output_tokens": self.output_tokens,
            "reasoning_tokens": self.reasoning_tokens,
            "unmetered": self.unmetered,
            "judge_input_tokens": self.judge_input_tokens,
            "judge_output_tokens": self.judge_output_tokens,
            "judge_unmetered": self.judge_unmetered,
            "retries": self.retries,
            "stored_bytes": self.stored_bytes,
            "served_models": [
                {"model": model, "fingerprint": fingerprint, "n": n}
                for (model, fingerprint), n in self.served.items()
            ],
        }


def _is_unmetered(usage: TokenUsage | None) -> bool:
    return usage is not None and not usage.is_known
