"""The answers of up to four runs to one question, beside each other."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask_login import current_user, login_required

from app.blueprints.compare import bp
from app.blueprints.compare.sample_lists import SHOW_WORDS, chosen_ids, chosen_samples
from app.queries import comparisons
from app.queries.answers_beside import EPOCH, MOST_RUNS, answers_beside
from app.queries.differences import differences_of
from app.queries.run_labels import RunLabel, labels_of
from app.services.long_reads import long_reads
from app.web.urls import address


@bp.get("/compare/answers")
@login_required
def answers() -> str:
    """Show what the compared runs answered to the question ``sample_id``."""
    rows = comparisons.chosen_runs(chosen_ids(), current_user.id)
    chosen = chosen_samples(rows)
    sample_id = request.args.get("sample_id", "")
    two = [0, chosen.choice.against]
    shown = [*two, *(at for at in range(len(rows)) if at not in two)][:MOST_RUNS]
    with long_reads.turn(current_user.id, samples=sum(rows[at].done for at in two)):
        listed = comparisons.listed_samples(rows, chosen.choice)
    beside = answers_beside([rows[at] for at in shown], sample_id)
    labels = labels_of(rows, differences_of(rows))
    at = listed.index(sample_id) if sample_id in listed else None

    def url(number: int) -> str | None:
        if not 0 <= number < len(listed):
            return None
        return chosen.url("compare.answers", sample_id=listed[number])

    page_start = (at or 0) // comparisons.FLIPS_PER_PAGE * comparisons.FLIPS_PER_PAGE
    return render_template(
        "compare/answers.html",
        question=beside,
        columns=[
            _column(rows[number], number, labels[number], answer, sample_id)
            for number, answer in zip(shown, beside["answers"], strict=True)
        ],
        left_out=len(rows) - len(shown),
        position=None if at is None else at + 1,
        total=len(listed),
        previous_url=None if at is None else url(at - 1),
        next_url=url(0 if at is None else at + 1),
        list_url=chosen.url(flips_from=page_start or None, _anchor="flips-title"),
        list_words=SHOW_WORDS[chosen.choice.show]
        + (f", {chosen.choice.category}" if chosen.choice.category else ""),
    )


def _column(run: Any, number: int, label: RunLabel, answer: Any, sample_id: str) -> dict[str, Any]:
    return {
        "letter": comparisons.LETTERS[number],
        "name": label.name,
        "model": run.model,
        "rest": label.rest,
        "simulated": run.simulated,
        "answer": answer,
        "url": address("runs.sample", run_id=run.id, sample_id=sample_id, epoch=EPOCH),
    }
