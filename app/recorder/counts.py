"""Running totals of a run's rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from app.engine.types import Outcome, SampleResult

ServedBy = tuple[str | None, str | None]
"""The model that answered and its fingerprint, in the server's words."""

MOST_SERVED = 50
"""A server that names itself anew with every reply is not followed beyond this."""


@dataclass(slots=True)
class Counts:
    """Totals, computed from the rows when work starts and updated during the run."""

    outcomes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    scored: int = 0
    score_sum: float = 0.0
    score_square_sum: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    judge_input_tokens: int = 0
    judge_output_tokens: int = 0
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

    def add_tokens(
        self, input_tokens: int | None, output_tokens: int | None, judge_in: int, judge_out: int
    ) -> None:
        """Count the tokens of one row; ``None`` where the provider did not say."""
        self.input_tokens += input_tokens or 0
        self.output_tokens += output_tokens or 0
        self.judge_input_tokens += judge_in
        self.judge_output_tokens += judge_out

    def add_served(self, model: str | None, fingerprint: str | None) -> None:
        """Count who answered one row, where the server said so."""
        if model is None and fingerprint is None:
            return
        key = (model, fingerprint)
        if key in self.served or len(self.served) < MOST_SERVED:
            self.served[key] = self.served.get(key, 0) + 1

    def count(self, result: SampleResult, replaced: str | None) -> None:
        """Count a new result, which may replace an unscored row with the outcome ``replaced``."""
        if replaced is not None:
            self.outcomes[replaced] -= 1
        self.add(result.outcome, result.score)
        self.add_tokens(
            result.input_tokens,
            result.output_tokens,
            result.judge_input_tokens,
            result.judge_output_tokens,
        )
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
            "output_tokens": self.output_tokens,
            "judge_input_tokens": self.judge_input_tokens,
            "judge_output_tokens": self.judge_output_tokens,
            "retries": self.retries,
            "stored_bytes": self.stored_bytes,
            "served_models": [
                {"model": model, "fingerprint": fingerprint, "n": n}
                for (model, fingerprint), n in self.served.items()
            ],
        }
