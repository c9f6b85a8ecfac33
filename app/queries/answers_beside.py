"""The answers of several runs to one question, with the words in which they differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from app.db import db
from app.engine.word_differences import Piece, word_differences
from app.errors import NotFound
from app.models import Run, SampleRow
from app.queries.runs import prompt_shape
from app.queries.samples import page_view

MOST_RUNS = 4
EPOCH = 1


def answers_beside(rows: Sequence[Run], sample_id: str) -> dict[str, Any]:
    """Return a question and what each run answered to it in its first epoch.

    Each answer is compared with that of the first run, and the first run's with the second's.

    Raises:
        NotFound: No run has the sample.
    """
    found = {
        row.run_id: row
        for row in db.session.scalars(
            select(SampleRow).where(
                SampleRow.run_id.in_([run.id for run in rows]),
                SampleRow.sample_id == sample_id,
                SampleRow.epoch == EPOCH,
            )
        )
    }
    samples = [found.get(run.id) for run in rows]
    shown = next((row for row in samples if row is not None), None)
    if shown is None:
        raise NotFound("None of these runs has such a sample.", code="sample_not_found")
    asked = next(run for run in rows if run.id == shown.run_id)
    views = [page_view(row) if row else None for row in samples]
    first = views[0]["said"] if views[0] else None
    answers = [_answer(view, first, views[0]) for view in views]
    if len(views) > 1 and views[0] and views[1]:
        answers[0] = _answer(views[0], views[1]["said"], views[0])
    view = page_view(shown)
    return {
        "sample_id": sample_id,
        "category": shown.category,
        "question": shown.question or prompt_shape(asked).question_in(view["input"]),
        "target": view["target"],
        "answers": answers,
    }


def _answer(
    view: dict[str, Any] | None, other: str | None, first: dict[str, Any] | None
) -> dict[str, Any] | None:
    """Return a view with its text in pieces, held against another text."""
    if view is None:
        return None
    said = view["said"]
    compared = word_differences(said, other) if said and other else None
    return {
        **view,
        "pieces": compared[0] if compared else [Piece(said, differs=False)],
        "has_marks": compared is not None,
        "is_same": said == other,
        "asked_otherwise": first is not None and view["input"] != first["input"],
    }
