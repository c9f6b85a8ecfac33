"""What the comparison's picker shows: the runs that were picked, then others like them."""

from __future__ import annotations

from typing import Any

from flask import request

from app.queries import runs
from app.queries.comparable_runs import comparable_runs, picked_runs


def picker_of(account_id: int, run_ids: list[str]) -> dict[str, Any]:
    """Return what the picker shows at this address."""
    q = request.args.get("q", "").strip()
    cursor = request.args.get("cursor") or None
    picked = picked_runs(account_id, run_ids)
    page = comparable_runs(account_id, picked, q=q, cursor=cursor)
    picked_ids = {run.id for run in picked}
    return {
        "candidates": [
            {**view, "selected": view["run_id"] in picked_ids}
            for view in runs.views([*picked, *page.items])
        ],
        "q": q,
        "is_first": cursor is None,
        "next_cursor": page.next_cursor,
        "found": len(page.items),
        "benchmark": runs.views(picked[:1])[0]["benchmark_title"] if picked else "",
    }


def is_choosing() -> bool:
    """Return whether the address turns the picker's pages, and compares nothing yet."""
    return "choose" in request.args or "cursor" in request.args
