"""What the address of a comparison chooses, and the addresses that choose something else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

from app.queries.comparisons import SampleChoice, choice_of
from app.web.urls import address

SHOW_WORDS = {
    "flipped": "Flipped",
    "worse": "Worse",
    "better": "Better",
    "both_wrong": "Both wrong",
    "different": "Different answers",
    "all": "All",
}


@dataclass(frozen=True, slots=True)
class ChosenSamples:
    """Which samples of which runs are listed.

    Attributes:
        rows: The runs.
        choice: Which of their samples.
    """

    rows: Sequence[Any]
    choice: SampleChoice

    def url(self, endpoint: str = "compare.show", **changes: Any) -> str:
        """Return the address of the same runs and samples, with ``changes``."""
        choice = self.choice
        given = {
            "show": "" if choice.show == "flipped" else choice.show,
            "category": choice.category,
            "against": "" if choice.against == 1 else self.rows[choice.against].id,
        }
        ids = ",".join(run.id for run in self.rows)
        return address(endpoint, run_ids=ids, **{**given, **changes})

    def tabs(self) -> list[dict[str, Any]]:
        """Return the lists as tabs."""
        return [
            {
                "label": label,
                "url": self.url(show="" if show == "flipped" else show, _anchor="flips-title"),
                "current": show == self.choice.show,
            }
            for show, label in SHOW_WORDS.items()
        ]


def chosen_ids() -> list[str]:
    """Return the ids of the runs in the address: comma-separated or repeated."""
    values = request.args.getlist("run_ids")
    return [run_id for value in values for run_id in value.split(",") if run_id]


def chosen_samples(rows: Sequence[Any]) -> ChosenSamples:
    """Return which samples the address chooses."""
    show, category, against = (
        request.args.get(name, "").strip() for name in ("show", "category", "against")
    )
    return ChosenSamples(rows, choice_of(rows, show, category, against))
