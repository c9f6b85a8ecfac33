"""The samples on which runs disagree, for the comparison page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from app.db import db
from app.engine.questions import PromptShape, preview
from app.models import Run, SampleRow
from app.queries.runs import prompt_shape
from app.queries.sample_texts import cell_text


def flip_views(runs: Sequence[Run], sample_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return the question of each flipped sample with each run's answer in its first epoch."""
    cells = {
        (row.run_id, row.sample_id): row
        for row in db.session.execute(
            select(SampleRow.run_id, SampleRow.sample_id, SampleRow.outcome, SampleRow.answer)
            .where(SampleRow.run_id.in_([run.id for run in runs]))
            .where(SampleRow.sample_id.in_(sample_ids), SampleRow.epoch == 1)
        )
    }
    questions = _questions(runs, sample_ids)
    shape = prompt_shape(runs[0])
    return [
        {
            "sample_id": sample_id,
            "epoch": 1,
            **_question_view(questions.get(sample_id), shape),
            "cells": [_cell_view(run.id, cells.get((run.id, sample_id))) for run in runs],
        }
        for sample_id in sample_ids
    ]


def _questions(runs: Sequence[Run], sample_ids: Sequence[str]) -> dict[str, Row[Any]]:
    """Return prompt, target and category by sample, read once: prompts can be long."""
    found: dict[str, Row[Any]] = {}
    for run in runs:
        missing = [sample_id for sample_id in sample_ids if sample_id not in found]
        if not missing:
            break
        rows = db.session.execute(
            select(SampleRow.sample_id, SampleRow.category, SampleRow.input, SampleRow.target)
            .where(SampleRow.run_id == run.id, SampleRow.epoch == 1)
            .where(SampleRow.sample_id.in_(missing))
        )
        found |= {row.sample_id: row for row in rows}
    return found


def _question_view(row: Any, shape: PromptShape) -> dict[str, Any]:
    if row is None:
        return {"category": None, "preview": "", "target": None}
    return {
        "category": row.category,
        "preview": preview(row.input, shape),
        "target": cell_text(row.target),
    }


def _cell_view(run_id: str, row: Any) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "outcome": row.outcome if row else None,
        "answer": cell_text(row.answer) if row else None,
    }
