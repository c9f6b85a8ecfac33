"""The dashboard: all runs of the account."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask_login import current_user, login_required

from app.blueprints.runs import bp
from app.queries import dashboard as figures
from app.queries import runs as run_queries
from app.web.urls import address

PAGE_SIZE = 25
TABS = (
    ("", "All"),
    ("active", "Running"),
    ("completed", "Done"),
    ("failed", "Failed"),
    ("paused", "Paused"),
    ("canceled", "Canceled"),
)


@bp.get("/")
@login_required
def index() -> str:
    """Show the runs that fit the filters, newest first."""
    account_id = current_user.id
    wanted = run_queries.RunFilter(
        status=request.args.get("status", ""),
        benchmark=request.args.get("benchmark", ""),
        model=request.args.get("model", ""),
        tag=request.args.get("tag", ""),
        q=request.args.get("q", "").strip(),
    )
    cursor = request.args.get("cursor") or None
    page = run_queries.list_runs(account_id, wanted, limit=PAGE_SIZE, cursor=cursor)
    benchmarks, models = run_queries.options_of(account_id)
    return render_template(
        "runs/index.html",
        runs=run_queries.views(page.items),
        kpis=figures.key_figures(account_id),
        status_tabs=_tabs(run_queries.count_by_status(account_id), wanted.status),
        filters=wanted,
        filtered=wanted.active,
        chips=_chips(wanted),
        newest_run_id=None if cursor else run_queries.newest_run_id(account_id) or "",
        benchmark_options=[{"value": name, "label": name} for name in benchmarks],
        model_options=[{"value": name, "label": name} for name in models],
        page={
            "newer_url": address("runs.index", **_kept_arguments()) if cursor else None,
            "older_url": address("runs.index", cursor=page.next_cursor, **_kept_arguments())
            if page.next_cursor
            else None,
            "total": page.total,
            "shown": len(page.items),
        },
    )


def _kept_arguments() -> dict[str, Any]:
    return {
        name: value
        for name in ("status", "benchmark", "model", "tag", "q")
        if (value := request.args.get(name))
    }


def _chips(wanted: run_queries.RunFilter) -> list[dict[str, str]]:
    """Return the filters that no field shows, each with the address without it."""
    kept = {name: value for name, value in _kept_arguments().items() if name != "tag"}
    if not wanted.tag:
        return []
    return [{"label": f"Tag: {wanted.tag}", "url": address("runs.index", **kept)}]


def _tabs(counts: dict[str, int], current: str) -> list[dict[str, Any]]:
    active = counts.get("queued", 0) + counts.get("running", 0)
    by_value = {"": sum(counts.values()), "active": active, **counts}
    kept = {name: value for name, value in _kept_arguments().items() if name != "status"}
    return [
        {
            "value": value,
            "label": label,
            "count": by_value.get(value, 0),
            "url": address("runs.index", **kept, status=value),
            "current": value == current,
        }
        for value, label in TABS
        if value in ("", "active", "completed", "failed") or by_value.get(value)
    ]
