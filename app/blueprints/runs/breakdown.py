"""The breakdown of a run by category: sorted, and of many the highest and the lowest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from app.charts.forest import ForestRow, Gap, forest
from app.web.urls import address

END = 10
"""Categories shown of each end."""
FEW = 2 * END
"""So many are all shown, beside the score rather than below it."""
_SORTS = {
    "score": ("Score", lambda item: (-item["value"], item["key"])),
    "name": ("Name", lambda item: item["key"]),
    "samples": ("Samples", lambda item: (-item["n"], item["key"])),
}


def breakdown_view(
    run_id: str, items: Sequence[dict[str, Any]], sort: str, *, whole: bool
) -> dict[str, Any] | None:
    """Return the chart of a run's categories with what can be done to it; ``None`` without any.

    Args:
        run_id: The run.
        items: Its categories with their scores.
        sort: ``score``, ``name`` or ``samples``; anything else is the usual one.
        whole: Show all, also of many.
    """
    if not items:
        return None
    is_many = len(items) > FEW
    if sort not in _SORTS:
        sort = "score" if is_many else "name"
    ordered = sorted(items, key=_SORTS[sort][1])
    hidden = len(ordered) - FEW if is_many and not whole else 0
    if hidden:
        ordered = ordered[:END] + ordered[-END:]
    return {
        "is_many": is_many,
        "chart": _chart(run_id, ordered, hidden),
        "sorts": [
            {
                "label": label,
                "url": _url(run_id, name, whole=whole),
                "current": name == sort,
                "count": None,
            }
            for name, (label, _) in _SORTS.items()
        ],
        "total": len(items),
        "all_url": _url(run_id, sort, whole=True) if hidden else None,
        "ends_url": _url(run_id, sort, whole=False) if is_many and whole else None,
    }


def _url(run_id: str, sort: str, *, whole: bool) -> str:
    return address(
        "runs.show",
        run_id=run_id,
        breakdown=sort,
        categories="all" if whole else "",
        _anchor="breakdown-title",
    )


def _chart(run_id: str, items: Sequence[dict[str, Any]], hidden: int) -> Markup:
    rows = [
        ForestRow(
            item["key"],
            item["n"],
            item["value"],
            item["ci95"][0],
            item["ci95"][1],
            href=address("runs.samples", run_id=run_id, category=item["key"]),
        )
        for item in items
    ]
    gap = Gap(END, f"{hidden:,} more between") if hidden else None
    return forest("", "", rows, gap=gap)
