"""How estimates compare with what runs actually needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

from sqlalchemy import select

from app.db import db
from app.models import Run
from app.queries.runs import benchmark_title, duration_s
from app.recorder.usage import usage_of

LOOKED_AT = 500
SHOWN = 50
COUNT_MARGIN = 0.1
"""Input tokens are estimated as one number: it holds within so much of it."""

Kind = Literal["tokens", "usd", "seconds"]
LABELS: dict[str, tuple[str, Kind]] = {
    "input_tokens": ("Input tokens", "tokens"),
    "output_tokens": ("Output tokens", "tokens"),
    "cost_usd": ("Cost", "usd"),
    "duration_s": ("Duration", "seconds"),
}


@dataclass(frozen=True, slots=True)
class EstimateCheck:
    """One estimated number of a run beside its actual value.

    Attributes:
        name: ``input_tokens``, ``output_tokens``, ``cost_usd`` or ``duration_s``.
        label: For readers.
        kind: How to print it.
        low: Of the estimate.
        high: Of the estimate.
        actual: What it was.
    """

    name: str
    label: str
    kind: Kind
    low: float
    high: float
    actual: float

    @property
    def held(self) -> bool:
        """Whether the actual number is within the estimated range."""
        return self.low <= self.actual <= self.high

    @property
    def ratio(self) -> float | None:
        """The actual number divided by the middle of the estimate; ``None`` if that is 0."""
        middle = (self.low + self.high) / 2
        return self.actual / middle if middle else None


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How often one kind of estimate held."""

    label: str
    held: int
    runs: int
    median_ratio: float | None

    @property
    def share(self) -> float | None:
        """Share of runs within the estimate; ``None`` without runs."""
        return self.held / self.runs if self.runs else None


def compare(run: Run) -> list[EstimateCheck]:
    """Return the checks of a run's estimate; empty unless the run answered all samples."""
    estimate = run.estimate
    if run.status != "completed" or not estimate or estimate.get("calls") != run.done:
        return []
    usage = usage_of(run)
    actual = {
        "input_tokens": usage["input_tokens"],
        "output_tokens": usage["output_tokens"],
        "cost_usd": usage["cost_usd"],
        "duration_s": duration_s(run),
    }
    found = []
    for name, (label, kind) in LABELS.items():
        expected, value = _range(estimate.get(name)), actual[name]
        if expected is not None and value is not None:
            found.append(EstimateCheck(name, label, kind, *expected, float(value)))
    return found


def _range(value: Any) -> tuple[float, float] | None:
    if isinstance(value, dict):
        return float(value["low"]), float(value["high"])
    if value is None:
        return None
    return value * (1 - COUNT_MARGIN), value * (1 + COUNT_MARGIN)


def compared_runs(account_id: int) -> list[tuple[Run, list[EstimateCheck]]]:
    """Return the latest completed runs of real models with their comparisons, newest first."""
    runs = db.session.scalars(
        select(Run)
        .where(
            Run.user_id == account_id,
            Run.status == "completed",
            Run.simulated.is_(False),
            Run.estimate.is_not(None),
        )
        .order_by(Run.created_at.desc())
        .limit(LOOKED_AT)
    )
    pairs = ((run, compare(run)) for run in runs)
    return [(run, comparisons) for run, comparisons in pairs if comparisons]


def accuracy_of(compared: Sequence[tuple[Run, list[EstimateCheck]]]) -> list[Accuracy]:
    """Return for each kind of estimate how often it held."""
    found = []
    for name, (label, _) in LABELS.items():
        numbers = [each for _, comparisons in compared for each in comparisons if each.name == name]
        ratios = [each.ratio for each in numbers if each.ratio is not None]
        held = sum(each.held for each in numbers)
        found.append(Accuracy(label, held, len(numbers), median(ratios) if ratios else None))
    return found


def row_views(compared: Sequence[tuple[Run, list[EstimateCheck]]]) -> list[dict[str, Any]]:
    """Return runs with their comparisons as the page of estimates shows them."""
    return [
        {
            "run_id": run.id,
            "benchmark": run.benchmark,
            "benchmark_title": benchmark_title(run),
            "model": run.model,
            "created_at": run.created_at,
            "comparisons": {each.name: each for each in comparisons},
        }
        for run, comparisons in compared
    ]
