"""The pages of the catalog and of one benchmark."""

from __future__ import annotations

from flask import render_template, request
from flask_login import current_user, login_required

from app.blueprints.benchmarks import bp
from app.blueprints.benchmarks.figures import draw_leaderboard
from app.current import get_settings
from app.queries import benchmarks, runs
from app.queries.benchmark_order import benchmarks_in_use
from app.queries.catalog import versions_of
from app.queries.leaderboards import leaderboard
from app.web.urls import address

RECENT = 5


@bp.get("/benchmarks")
@login_required
def index() -> str:
    """Show the benchmarks that match the filters."""
    q = request.args.get("q", "").strip()
    category = request.args.get("category", "")
    offline = request.args.get("offline", "") in ("1", "true", "on")
    used = benchmarks_in_use(current_user.id)
    cards = benchmarks.cards(get_settings(), current_user.id, used)
    tabs = [{"value": "", "label": "All", "count": len(cards)}, *benchmarks.categories(cards)]
    return render_template(
        "benchmarks/index.html",
        benchmarks=benchmarks.search(cards, q=q, category=category, offline=offline),
        categories=[
            {
                **tab,
                "url": address(
                    "benchmarks.index",
                    category=tab["value"],
                    q=q,
                    offline="1" if offline else None,
                ),
                "current": tab["value"] == category,
            }
            for tab in tabs
        ],
        filters={"q": q, "category": category, "offline": offline},
        filtered=bool(q or category or offline),
    )


@bp.get("/benchmarks/<path:name>")
@login_required
def show(name: str) -> str:
    """Show one benchmark: prompt, example, protocols, the account's latest runs of it."""
    benchmark = benchmarks.get_benchmark(name, current_user.id)
    view = benchmarks.detail_view(benchmark, get_settings())
    recent = runs.list_runs(
        current_user.id, runs.RunFilter(benchmark=name), limit=RECENT, with_total=False
    )
    return render_template(
        "benchmarks/show.html",
        benchmark={**view, "protocols": view["protocol_details"]},
        versions=versions_of(name, current_user.id),
        recent_runs=runs.views(recent.items),
        charts=draw_leaderboard(
            leaderboard(current_user.id, benchmark), benchmark.default_protocol
        ),
    )
