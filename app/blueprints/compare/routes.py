"""Runs side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from flask import Response, render_template, request, url_for
from flask_login import current_user, login_required

from app.blueprints.compare import bp
from app.blueprints.compare.picker import is_choosing, picker_of
from app.blueprints.compare.sample_lists import ChosenSamples, chosen_ids, chosen_samples
from app.errors import StudioError
from app.queries import comparisons, runs
from app.queries.markdown_reports import comparison_markdown
from app.services import first_steps
from app.services.long_reads import long_reads
from app.web.comparison_figures import SURE, draw_comparison
from app.web.result_file import comparison_file, markdown_answer


@bp.get("/compare")
@login_required
def show() -> str:
    """Compare the runs in ``run_ids`` (comma-separated or repeated), or offer runs to choose."""
    chosen = chosen_ids()
    form_error = None
    samples = comparison = None
    try:
        compares = chosen and not is_choosing()
        rows = comparisons.chosen_runs(chosen, current_user.id) if compares else []
        samples = chosen_samples(rows) if rows else None
    except StudioError as error:
        rows, form_error = [], error.detail
    flips_from = comparisons.flips_start(request.args.get("flips_from", 0, type=int))
    if samples:
        with long_reads.turn(current_user.id, samples=sum(row.done for row in rows)):
            comparison = comparisons.comparison_of(
                rows, flips_from=flips_from, choice=samples.choice
            )
    view = comparison and samples and _page_view(comparison, runs.views(rows), samples)
    page = render_template(
        "compare/show.html",
        picker=picker_of(current_user.id, chosen),
        comparison=view,
        flips=comparison and samples and _flips_pager(comparison, samples, flips_from),
        charts=view and draw_comparison(view),
        form_error=form_error,
        markdown=comparison and comparison_markdown(comparison, rows),
        chosen=",".join(chosen),
    )
    if comparison:
        first_steps.note_comparison(current_user.id)
    return page


@bp.get("/compare/report.md")
@login_required
def markdown() -> Response:
    """Show the comparison as Markdown, for a pull request."""
    rows = comparisons.chosen_runs(chosen_ids(), current_user.id)
    with long_reads.turn(current_user.id, samples=sum(row.done for row in rows)):
        return markdown_answer(comparison_markdown(comparisons.comparison_of(rows), rows))


@bp.get("/compare/report.html")
@login_required
def file() -> Response:
    """Download the comparison as one HTML file."""
    rows = comparisons.chosen_runs(chosen_ids(), current_user.id)
    hide_texts = "hide_texts" in request.args
    return comparison_file(rows, hide_texts=hide_texts, reader=current_user.id)


def _page_view(
    comparison: dict[str, Any], views: list[dict[str, Any]], samples: ChosenSamples
) -> dict[str, Any]:
    """Add the labels and URLs that pages need to a comparison."""
    letters = dict(zip([view["run_id"] for view in views], comparisons.LETTERS, strict=False))
    names = dict(zip(letters, comparison["labels"], strict=True))
    # Built once: a hundred of them take longer than to read their samples.
    beside = samples.url("compare.answers")

    def named(pair: dict[str, Any]) -> dict[str, Any]:
        words = {f"{side}_label": letters[pair[side]] for side in "ab"}
        return {**pair, **words, **{f"{side}_name": names[pair[side]]["name"] for side in "ab"}}

    return {
        **comparison,
        "runs": [
            {
                **view,
                "label": letters[view["run_id"]],
                "called": names[view["run_id"]]["name"],
                "rest": names[view["run_id"]]["rest"],
                "baseline": at == 0,
            }
            for at, view in enumerate(views)
        ],
        "pairs": [named(pair) for pair in comparison["pairs"]],
        "categories": _by_category(comparison["categories"], samples, named),
        "flips": [
            {
                **flip,
                "cells": _cells(flip),
                "url": f"{beside}&{urlencode({'sample_id': flip['sample_id']})}",
            }
            for flip in comparison["flips"]
        ],
    }


def _by_category(
    found: list[dict[str, Any]], samples: ChosenSamples, named: Callable[[Any], Any]
) -> list[dict[str, Any]]:
    """Return the differences of categories, where the run lost most first, with their samples."""
    return [
        {
            **named(each),
            "url": samples.url(category=each["category"], against=each["b"], _anchor="flips-title"),
            "is_clear": each["p_value_adjusted"] is not None and each["p_value_adjusted"] < SURE,
        }
        for each in sorted(found, key=lambda each: each["difference"])
    ]


def _flips_pager(
    comparison: dict[str, Any], samples: ChosenSamples, flips_from: int
) -> dict[str, Any]:
    def url(start: int) -> str:
        return samples.url(flips_from=start or None, _anchor="flips-title")

    before = max(0, flips_from - comparisons.FLIPS_PER_PAGE)
    following = comparison["flips_next"]
    categories = sorted({each["category"] for each in comparison["categories"]})
    return {
        "first": flips_from + 1,
        "last": flips_from + len(comparison["flips"]),
        "previous_url": url(before) if flips_from else None,
        "next_url": url(following) if following is not None else None,
        "choice": samples.choice,
        "tabs": samples.tabs(),
        "against": samples.rows[samples.choice.against].id,
        "all_url": samples.url(show="all", category="", _anchor="flips-title"),
        "category_options": [{"value": name, "label": name} for name in categories],
    }


def _cells(flip: dict[str, Any]) -> list[dict[str, Any]]:
    """Add the URLs of a sample in each run; one is built and adapted, since building is slow."""
    first = flip["cells"][0]["run_id"]
    address = url_for("runs.sample", run_id=first, sample_id=flip["sample_id"], epoch=flip["epoch"])
    return [{**cell, "url": address.replace(first, cell["run_id"], 1)} for cell in flip["cells"]]
