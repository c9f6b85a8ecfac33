"""The differences between runs, category by category."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.engine.statistics import Comparison, compare_counts, holm
from app.models import Run
from app.queries.paired_scores import PairedScores


def category_differences(rows: Sequence[Run], paired: PairedScores) -> list[dict[str, Any]]:
    """Compare each run with the first within each category; nothing where there is only one.

    All p-values are corrected together after Holm: among fifty categories, two or three differ
    by chance at the 5 % level.
    """
    if len(paired.categories) < 2:
        return []
    compared: list[tuple[str, int, Comparison]] = []
    for other in range(1, len(rows)):
        for name, counts in paired.pairs_by_category(0, other).items():
            if result := compare_counts(counts):
                compared.append((name, other, result))
    raw = [1.0 if result.p_value is None else result.p_value for _, _, result in compared]
    return [
        {
            "category": name,
            "a": rows[0].id,
            "b": rows[other].id,
            "n": result.n,
            "a_score": result.baseline,
            "b_score": result.candidate,
            "difference": result.difference,
            "ci95": list(result.ci95) if result.ci95 else None,
            "p_value": result.p_value,
            "p_value_adjusted": None if result.p_value is None else adjusted,
        }
        for (name, other, result), adjusted in zip(compared, holm(raw), strict=True)
    ]
