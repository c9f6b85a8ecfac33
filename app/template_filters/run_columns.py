"""The columns that a list of runs may have, beside the run itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunColumn:
    """One column.

    Attributes:
        name: What addresses and choices call it.
        label: Its heading.
        sort: The order that its heading asks for.
        is_number: Whether it is aligned to the right, and sorted from the highest down at first.
        is_usual: Whether lists have it unless somebody chose otherwise.
    """

    name: str
    label: str
    sort: str
    is_number: bool = False
    is_usual: bool = True


RUN = RunColumn("run", "Run", "benchmark")
"""The first column, which each list has."""
COLUMNS = (
    RunColumn("status", "Status", "status"),
    RunColumn("model", "Model", "model"),
    RunColumn("protocol", "Protocol", "protocol", is_usual=False),
    RunColumn("score", "Score, 95% CI", "score", True),
    RunColumn("samples", "Samples", "samples", True),
    RunColumn("errors", "Errors", "errors", is_number=True, is_usual=False),
    RunColumn("duration", "Duration", "duration", True),
    RunColumn("cost", "Cost", "cost", True),
    RunColumn("created", "Created", "created_at", True),
)
USUAL = tuple(column for column in COLUMNS if column.is_usual)


def columns_of(names: Iterable[str] | None) -> tuple[RunColumn, ...]:
    """Return the columns of these names, in their usual order; the usual ones for ``None``."""
    if names is None:
        return USUAL
    wanted = set(names)
    return tuple(column for column in COLUMNS if column.name in wanted)
