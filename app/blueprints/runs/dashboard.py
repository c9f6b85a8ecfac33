"""The dashboard: all runs of the account."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from app.blueprints.runs import bp
from app.blueprints.runs.list_address import ListAddress, read_address
from app.queries import dashboard as figures
from app.queries import runs as run_queries
from app.queries.run_sorts import NEWEST_FIRST
from app.queries.run_views import chosen_columns, saved_views
from app.services import first_steps
from app.services.runs.bulk import MOST_RUNS
from app.template_filters.run_columns import COLUMNS, RUN
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
    """Show the runs that fit the filters, in the order asked for."""
    account_id = current_user.id
    shown = read_address(request.args, chosen_columns(account_id))
    wanted, cursor = shown.wanted, request.args.get("cursor") or None
    page = run_queries.list_runs(
        account_id, wanted, sort=shown.sort, limit=PAGE_SIZE, cursor=cursor
    )
    benchmarks, models = run_queries.options_of(account_id)
    tabs = _tabs(run_queries.count_by_status(account_id), shown)
    return render_template(
        "runs/index.html",
        runs=run_queries.views(page.items),
        steps=first_steps.first_steps(account_id, current_user.is_admin),
        limit=first_steps.LIMIT,
        kpis=figures.key_figures(account_id),
        status_tabs=tabs,
        filters=wanted,
        filtered=wanted.active,
        shown=shown,
        chips=shown.chips({tab["value"] for tab in tabs}),
        headings=_headings(shown),
        tag_url=shown.url(tag="TAG_NAME"),
        all_columns=COLUMNS,
        views=_views(account_id, shown),
        most_at_once=MOST_RUNS,
        newest_run_id=None if cursor else run_queries.newest_run_id(account_id) or "",
        benchmark_options=[{"value": name, "label": name} for name in benchmarks],
        model_options=[{"value": name, "label": name} for name in models],
        page={
            "here_url": shown.url(cursor=cursor or ""),
            "newer_url": shown.url() if cursor else None,
            "older_url": shown.url(cursor=page.next_cursor) if page.next_cursor else None,
            "total": page.total,
            "shown": len(page.items),
            "by_age": shown.sort == NEWEST_FIRST,
        },
    )


@bp.post("/first-steps/close")
@login_required
def close_steps() -> ResponseReturnValue:
    """Show the first steps no more."""
    first_steps.close_first_steps(current_user.id)
    return redirect(url_for("runs.index"), 303)


def _headings(shown: ListAddress) -> dict[str, dict[str, str]]:
    """Return the address of each heading, and how the list is sorted by it."""
    descending = shown.sort.startswith("-")
    by = shown.sort.removeprefix("-")
    return {
        column.sort: {
            "url": shown.heading_url(column),
            "sorted": ("descending" if descending else "ascending") if column.sort == by else "",
        }
        for column in (RUN, *COLUMNS)
    }


def _views(account_id: int, shown: ListAddress) -> list[dict[str, Any]]:
    return [
        {
            "id": view.id,
            "name": view.name,
            "url": f"{address('runs.index')}?{view.query}",
            "current": view.query == shown.query,
        }
        for view in saved_views(account_id)
    ]


def _tabs(counts: dict[str, int], shown: ListAddress) -> list[dict[str, Any]]:
    active = counts.get("queued", 0) + counts.get("running", 0)
    by_value = {"": sum(counts.values()), "active": active, **counts}
    return [
        {
            "value": value,
            "label": label,
            "count": by_value.get(value, 0),
            "url": shown.url(status=value),
            "current": value == shown.wanted.status,
        }
        for value, label in TABS
        if value in ("", "active", "completed", "failed") or by_value.get(value)
    ]
