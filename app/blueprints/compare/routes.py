"""Runs side by side."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for
from flask_login import current_user, login_required

from app.blueprints.compare import bp
from app.errors import StudioError
from app.queries import compare_charts, comparisons, runs

CANDIDATES = 50
LABELS = "ABCDEF"


@bp.get("/compare")
@login_required
def show() -> str:
    """Compare the runs in ``run_ids`` (comma-separated or repeated), or offer runs to choose."""
    chosen = [
        run_id for value in request.args.getlist("run_ids") for run_id in value.split(",") if run_id
    ]
    comparison, form_error = None, None
    if chosen:
        try:
            comparison = comparisons.compare_runs(chosen, current_user.id)
        except StudioError as error:
            form_error = error.detail
    return render_template(
        "compare/show.html",
        candidates=_candidates(chosen),
        comparison=comparison and _page_view(comparison),
        charts=comparison and compare_charts.charts(comparison),
        form_error=form_error,
    )


def _candidates(chosen: list[str]) -> list[dict[str, Any]]:
    finished = runs.RunFilter(status="completed,failed,canceled,paused")
    page = runs.list_runs(current_user.id, finished, limit=CANDIDATES, with_total=False)
    return [{**view, "selected": view["run_id"] in chosen} for view in runs.views(page.items)]


def _page_view(comparison: dict[str, Any]) -> dict[str, Any]:
    """Add labels and addresses, which the API does not need."""
    label_of = {run["run_id"]: LABELS[at] for at, run in enumerate(comparison["runs"])}
    return {
        **comparison,
        "runs": [
            {
                **runs.page_view(runs.get_run(run["run_id"], current_user.id)),
                "label": label_of[run["run_id"]],
                "baseline": at == 0,
            }
            for at, run in enumerate(comparison["runs"])
        ],
        "pairs": [
            {**pair, "a_label": label_of[pair["a"]], "b_label": label_of[pair["b"]]}
            for pair in comparison["pairs"]
        ],
        "flips": [
            {
                **flip,
                "cells": [
                    {
                        **cell,
                        "url": url_for(
                            "runs.sample",
                            run_id=cell["run_id"],
                            sample_id=flip["sample_id"],
                            epoch=flip["epoch"],
                        ),
                    }
                    for cell in flip["cells"]
                ],
            }
            for flip in comparison["flips"]
        ],
    }
