"""The pages of a run's samples: the list, and one sample beside its list."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from app.blueprints.runs import bp
from app.blueprints.runs.sample_filters import (
    MARK_WORDS,
    PLACE_WORDS,
    SORT_WORDS,
    Wanted,
    chips_of,
    wanted_of,
    words_of,
)
from app.errors import Invalid
from app.queries import run_errors, runs
from app.queries import sample_lists as lists
from app.queries import samples as queries
from app.queries.same_question import RunBeside, runs_beside
from app.queries.sample_marks import MAX_NOTE, NO_MARK, mark_of, marks_of
from app.services.long_reads import search_turn
from app.services.runs.marks import mark_sample
from app.services.runs.shown_request import shown_request
from app.template_filters.words import OUTCOME_WORDS
from app.web.urls import address

_NOT_OF_THE_REPLY = frozenset({"input", "said", "said_parts", "is_cut"})


@bp.get("/runs/<run_id>/samples")
@login_required
def samples(run_id: str) -> str:
    """List the samples that match the filters."""
    run = runs.get_run(run_id, current_user.id)
    wanted = wanted_of(request.args)
    cursor = request.args.get("cursor") or None
    with search_turn(current_user.id, run, wanted.filter):
        found = lists.list_samples(run_id, wanted.filter, cursor=cursor, rows_only=True)
    kept = wanted.kept()
    shape = runs.prompt_shape(run)
    marks = marks_of(run_id, [row.sample_id for row in found.items])
    return render_template(
        "runs/samples.html",
        run=runs.page_view(run),
        samples=[
            {
                **queries.row_view(row, shape),
                "mark": marks.get((row.sample_id, row.epoch), NO_MARK),
                "url": address(
                    "runs.sample",
                    run_id=run_id,
                    sample_id=row.sample_id,
                    epoch=row.epoch,
                    **kept,
                ),
            }
            for row in found.items
        ],
        filters=wanted.filter,
        filtered=wanted.filter.active,
        is_formatted=wanted.is_formatted,
        problems=wanted.problems,
        chips=chips_of(run_id, wanted),
        outcome_tabs=_tabs(run, wanted),
        error_groups=_groups(run, wanted) if wanted.filter.outcome == "error" else [],
        category_options=[{"value": name, "label": name} for name in queries.categories(run_id)],
        sort_options=_options(SORT_WORDS)[1:],
        place_options=_options(PLACE_WORDS),
        mark_options=_options(MARK_WORDS),
        page={
            "newer_url": address("runs.samples", run_id=run_id, **kept) if cursor else None,
            "older_url": address("runs.samples", run_id=run_id, cursor=found.next_cursor, **kept)
            if found.next_cursor
            else None,
            "total": found.total,
            "shown": len(found.items),
        },
    )


def _options(words: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"value": value, "label": label} for value, label in words.items()]


def _tabs(run: Any, wanted: Wanted) -> list[dict[str, Any]]:
    run_id, category = run.id, wanted.filter.category
    # Without a category the run's own counts, which are written with the samples, say the same.
    counts = queries.outcome_counts(run_id, category) if category else run.counts()
    tabs = [("", "All", sum(counts.get(value, 0) for value in OUTCOME_WORDS))]
    tabs += [
        (value, label, counts[value]) for value, label in OUTCOME_WORDS.items() if counts.get(value)
    ]
    return [
        {
            "value": value,
            "label": label,
            "count": count,
            "url": address(
                "runs.samples", run_id=run_id, **wanted.kept(outcome=value, error_code="")
            ),
            "current": value == wanted.filter.outcome,
        }
        for value, label, count in tabs
    ]


def _groups(run: Any, wanted: Wanted) -> list[dict[str, Any]]:
    """Return the causes of errors, each with the address that shows only its samples."""
    return [
        {
            **group.view(),
            "current": group.code == wanted.filter.error_code,
            "url": address(
                "runs.samples",
                run_id=run.id,
                outcome="error",
                category=wanted.filter.category,
                error_code="" if group.code == wanted.filter.error_code else group.code,
            ),
        }
        for group in run_errors.error_groups(run)
    ]


@bp.get("/runs/<run_id>/samples/<sample_id:sample_id>")
@login_required
def sample(run_id: str, sample_id: str) -> str:
    """Show one sample: what was sent, what came back, why it was scored so."""
    run = runs.get_run(run_id, current_user.id)
    epoch = request.args.get("epoch", 1, type=int)
    row = queries.get_sample(run_id, sample_id, epoch)
    whole = request.args.get("show") == "all"
    wanted = wanted_of(request.args)
    kept = wanted.kept()
    if request.args.get("show") == "raw":
        return _raw_page(run, row, kept)
    with search_turn(current_user.id, run, wanted.filter):
        place = lists.place_of(run, row, wanted.filter)

    def sample_url(key: lists.SampleKey | None, **more: Any) -> str | None:
        if key is None:
            return None
        return address(
            "runs.sample",
            run_id=run_id,
            sample_id=key.sample_id,
            epoch=key.epoch,
            **{**kept, **more},
        )

    this = lists.SampleKey(sample_id, epoch)
    before, after = runs_beside(run, sample_id)
    return render_template(
        "runs/sample.html",
        run=runs.page_view(run),
        sample=queries.page_view(row, whole=whole),
        is_formatted=wanted.is_formatted,
        text_urls={
            "raw": sample_url(this, text=""),
            "formatted": sample_url(this, text="formatted"),
        },
        whole_url=sample_url(this, show="all"),
        raw_url=sample_url(this, show="raw"),
        rescored=queries.rescored_verdicts(row),
        previous_url=sample_url(place.before),
        next_url=sample_url(place.after),
        list_url=address("runs.samples", run_id=run_id, cursor=place.cursor, **kept),
        list_words=words_of(wanted.filter),
        list_rows=_list_rows(run, place.page, this, sample_url),
        position=place.number,
        total=place.total,
        mark=mark_of(run_id, sample_id, epoch),
        mark_url=address(
            "runs.mark_sample_page", run_id=run_id, sample_id=sample_id, epoch=epoch, **kept
        ),
        most_note=MAX_NOTE,
        run_before=_run_beside(before, sample_id, wanted),
        run_after=_run_beside(after, sample_id, wanted),
        other_epochs=[
            {
                "epoch": number,
                "outcome": outcome,
                "url": sample_url(lists.SampleKey(sample_id, number)),
                "current": number == epoch,
            }
            for number, outcome in queries.epochs_of(run_id, sample_id)
        ]
        if run.config["epochs"] > 1
        else [],
    )


def _raw_page(run: Any, row: Any, kept: Mapping[str, Any]) -> str:
    """Show what was sent and what is kept of the answer as JSON."""
    back = address("runs.sample", run_id=run.id, sample_id=row.sample_id, epoch=row.epoch, **kept)
    view = queries.page_view(row)
    kept_of_it = {name: value for name, value in view.items() if name not in _NOT_OF_THE_REPLY}
    return render_template(
        "runs/sample_raw.html",
        run=runs.page_view(run),
        sample_id=row.sample_id,
        back_url=back,
        sent=shown_request(run, row, current_user.is_admin),
        kept=json.dumps(kept_of_it, indent=2, ensure_ascii=False),
        is_cut=view["is_cut"],
    )


def _list_rows(run: Any, row_ids: Any, this: lists.SampleKey, url_of: Any) -> list[dict[str, Any]]:
    """Return the page of the list that has the sample, as it stands beside it."""
    rows = lists.short_rows(row_ids, runs.prompt_shape(run))
    marks = marks_of(run.id, [row["sample_id"] for row in rows])
    keys = [lists.SampleKey(row["sample_id"], row["epoch"]) for row in rows]
    return [
        {
            **row,
            "url": url_of(key),
            "current": key == this,
            "mark": marks.get((key.sample_id, key.epoch), NO_MARK),
        }
        for row, key in zip(rows, keys, strict=True)
    ]


def _run_beside(found: RunBeside | None, sample_id: str, wanted: Wanted) -> dict[str, Any] | None:
    if found is None:
        return None
    text = "formatted" if wanted.is_formatted else ""
    url = address("runs.sample", run_id=found.run_id, sample_id=sample_id, epoch=1, text=text)
    return {"url": url, "model": found.model, "created_at": found.created_at}


@bp.post("/runs/<run_id>/samples/<sample_id:sample_id>/mark")
@login_required
def mark_sample_page(run_id: str, sample_id: str) -> Response:
    """Change what is noted of a sample: the fields that the form sends."""
    epoch = request.args.get("epoch", 1, type=int)
    given = request.form
    try:
        mark_sample(
            run_id,
            current_user.id,
            sample_id,
            epoch,
            starred=given["starred"] == "yes" if "starred" in given else None,
            to_review=given["to_review"] == "yes" if "to_review" in given else None,
            note=given.get("note"),
        )
    except Invalid as error:
        flash(error.detail, "error")
    else:
        if "note" in given:
            flash("The note is saved.", "success")
    kept = wanted_of(request.args).kept()
    there = address("runs.sample", run_id=run_id, sample_id=sample_id, epoch=epoch, **kept)
    return redirect(there, 303)
