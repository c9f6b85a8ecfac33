"""Runs side by side."""

from __future__ import annotations

from typing import Any

from flask import Response, render_template, request, url_for
from flask_login import current_user, login_required

from app.blueprints.compare import bp
from app.errors import StudioError
from app.queries import comparisons, runs
from app.queries.markdown_reports import comparison_markdown
from app.services.long_reads import long_reads
from app.web.comparison_figures import draw_comparison
from app.web.result_file import comparison_file, markdown_answer

CANDIDATES = 50
LABELS = "ABCDEF"


@bp.get("/compare")
@login_required
def show() -> str:
    """Compare the runs in ``run_ids`` (comma-separated or repeated), or offer runs to choose."""
    chosen = _chosen()
    form_error = None
    try:
        rows = comparisons.chosen_runs(chosen, current_user.id) if chosen else []
    except StudioError as error:
        rows, form_error = [], error.detail
    flips_from = comparisons.flips_start(request.args.get("flips_from", 0, type=int))
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
        markdown=comparison and comparison_markdown(comparison, rows),
        chosen=",".join(chosen),
    )


def _chosen() -> list[str]:
    return [
        run_id for value in request.args.getlist("run_ids") for run_id in value.split(",") if run_id
    ]


@bp.get("/compare/report.md")
@login_required
def markdown() -> Response:
    """Show the comparison as Markdown, for a pull request."""
    rows = comparisons.chosen_runs(_chosen(), current_user.id)
    with long_reads.turn(current_user.id, samples=sum(row.done for row in rows)):
        return markdown_answer(comparison_markdown(comparisons.comparison_of(rows), rows))


@bp.get("/compare/report.html")
@login_required
def file() -> Response:
    """Download the comparison as one HTML file."""
    rows = comparisons.chosen_runs(_chosen(), current_user.id)
    hide_texts = "hide_texts" in request.args
    return comparison_file(rows, hide_texts=hide_texts, reader=current_user.id)


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
