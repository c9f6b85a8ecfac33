"""The pages of a run's samples: the list, and one sample."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask_login import current_user, login_required

from app.blueprints.runs import bp
from app.queries import run_errors, runs
from app.queries import sample_lists as lists
from app.queries import samples as queries
from app.template_filters.words import OUTCOME_WORDS, outcome_word
from app.web.urls import address

_FILTERS = ("outcome", "category", "q", "error_code")


def _wanted() -> lists.SampleFilter:
    """Return the filter that the address describes."""
    return lists.SampleFilter(**{name: request.args.get(name, "").strip() for name in _FILTERS})


def _kept(wanted: lists.SampleFilter) -> dict[str, str]:
    """Return the filter as the arguments of an address."""
    return {name: getattr(wanted, name) for name in _FILTERS}


@bp.get("/runs/<run_id>/samples")
@login_required
def samples(run_id: str) -> str:
    """List the samples that match the filters, in the benchmark's order."""
    run = runs.get_run(run_id, current_user.id)
    wanted = _wanted()
    cursor = request.args.get("cursor") or None
    found = lists.list_samples(run_id, wanted, cursor=cursor, rows_only=True)
    kept = _kept(wanted)
    shape = runs.prompt_shape(run)
    return render_template(
        "runs/samples.html",
        run=runs.page_view(run),
        samples=[
            {
                **queries.row_view(row, shape),
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
        filters=wanted,
        filtered=wanted.active,
        outcome_tabs=_tabs(run, wanted),
        error_groups=_groups(run, wanted) if wanted.outcome == "error" else [],
        category_options=[{"value": name, "label": name} for name in queries.categories(run_id)],
        page={
            "newer_url": address("runs.samples", run_id=run_id, **kept) if cursor else None,
            "older_url": address("runs.samples", run_id=run_id, cursor=found.next_cursor, **kept)
            if found.next_cursor
            else None,
            "total": found.total,
            "shown": len(found.items),
        },
    )


def _tabs(run: Any, wanted: lists.SampleFilter) -> list[dict[str, Any]]:
    run_id = run.id
    # Without a category the run's own counts, which are written with the samples, say the same.
    counts = queries.outcome_counts(run_id, wanted.category) if wanted.category else run.counts()
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
                "runs.samples",
                run_id=run_id,
                outcome=value,
                category=wanted.category,
                q=wanted.q,
            ),
            "current": value == wanted.outcome,
        }
        for value, label, count in tabs
    ]


def _groups(run: Any, wanted: lists.SampleFilter) -> list[dict[str, Any]]:
    """Return the causes of errors, each with the address that shows only its samples."""
    return [
        {
            **group.view(),
            "current": group.code == wanted.error_code,
            "url": address(
                "runs.samples",
                run_id=run.id,
                outcome="error",
                category=wanted.category,
                error_code="" if group.code == wanted.error_code else group.code,
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
    wanted = _wanted()
    kept = _kept(wanted)
    place = lists.place_of(row, wanted)

    def sample_url(key: lists.SampleKey | None, **more: Any) -> str | None:
        if key is None:
            return None
        return address(
            "runs.sample",
            run_id=run_id,
            sample_id=key.sample_id,
            epoch=key.epoch,
            **kept,
            **more,
        )

    this = lists.SampleKey(sample_id, epoch)
    return render_template(
        "runs/sample.html",
        run=runs.page_view(run),
        sample=queries.page_view(row, whole=whole),
        whole_url=sample_url(this, show="all"),
        rescored=queries.rescored_verdicts(row),
        previous_url=sample_url(place.before),
        next_url=sample_url(place.after),
        list_url=address("runs.samples", run_id=run_id, cursor=place.cursor, **kept),
        list_words=_words(wanted),
        position=place.number,
        total=place.total,
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


def _words(wanted: lists.SampleFilter) -> str:
    """Return a filter in words: ``Wrong, algebra, “ducks”``."""
    outcomes = [outcome_word(each) for each in wanted.outcome.split(",") if each]
    if wanted.error_code:
        outcomes = [wanted.error_code]
    quoted = f"“{wanted.q}”" if wanted.q else ""
    return ", ".join(filter(None, (" or ".join(outcomes), wanted.category, quoted)))
