"""Runs side by side."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for
from flask_login import current_user, login_required

from app.blueprints.compare import bp
from app.errors import StudioError
from app.queries import comparisons, runs
from app.services.long_reads import long_reads
from app.web.comparison_figures import draw_comparison

CANDIDATES = 50
LABELS = "ABCDEF"
MAX_FLIPS_FROM = 10_000_000


@bp.get("/compare")
@login_required
def show() -> str:
    """Compare the runs in ``run_ids`` (comma-separated or repeated), or offer runs to choose."""
    chosen = [
        run_id for value in request.args.getlist("run_ids") for run_id in value.split(",") if run_id
    ]
    form_error = None
    try:
        rows = comparisons.chosen_runs(chosen, current_user.id) if chosen else []
    except StudioError as error:
        rows, form_error = [], error.detail
    flips_from = min(max(0, request.args.get("flips_from", 0, type=int)), MAX_FLIPS_FROM)
    with long_reads.turn(current_user.id, samples=sum(row.done for row in rows)):
        comparison = comparisons.comparison_of(rows, flips_from=flips_from) if rows else None
    view = comparison and _page_view(comparison, runs.views(rows))
    return render_template(
        "compare/show.html",
        candidates=_candidates(chosen),
        comparison=view,
        flips=comparison and _flips_pager(comparison, chosen, flips_from),
        charts=view and draw_comparison(view),
        form_error=form_error,
    )


def _candidates(chosen: list[str]) -> list[dict[str, Any]]:
    finished = runs.RunFilter(status="completed,failed,canceled,paused")
    page = runs.list_runs(current_user.id, finished, limit=CANDIDATES, with_total=False)
    return [{**view, "selected": view["run_id"] in chosen} for view in runs.views(page.items)]


def _page_view(comparison: dict[str, Any], views: list[dict[str, Any]]) -> dict[str, Any]:
    """Add the labels and URLs that pages need to a comparison."""
    label_of = {view["run_id"]: LABELS[at] for at, view in enumerate(views)}
    return {
        **comparison,
        "runs": [
            {**view, "label": LABELS[at], "baseline": at == 0} for at, view in enumerate(views)
        ],
        "pairs": [
            {**pair, "a_label": label_of[pair["a"]], "b_label": label_of[pair["b"]]}
            for pair in comparison["pairs"]
        ],
        "flips": [{**flip, "cells": _cells(flip)} for flip in comparison["flips"]],
    }


def _flips_pager(comparison: dict[str, Any], chosen: list[str], flips_from: int) -> dict[str, Any]:
    def url(start: int) -> str:
        ids = ",".join(chosen)
        return url_for("compare.show", run_ids=ids, flips_from=start or None, _anchor="flips-title")

    before = max(0, flips_from - comparisons.FLIPS_PER_PAGE)
    following = comparison["flips_next"]
    return {
        "first": flips_from + 1,
        "last": flips_from + len(comparison["flips"]),
        "previous_url": url(before) if flips_from else None,
        "next_url": url(following) if following is not None else None,
    }


def _cells(flip: dict[str, Any]) -> list[dict[str, Any]]:
    """Add the URLs of a sample in each run; one is built and adapted, since building is slow."""
    first = flip["cells"][0]["run_id"]
    address = url_for("runs.sample", run_id=first, sample_id=flip["sample_id"], epoch=flip["epoch"])
    return [{**cell, "url": address.replace(first, cell["run_id"], 1)} for cell in flip["cells"]]
