"""Other runs of an account that asked the same question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, UnaryExpression, and_, or_, select

from app.db import db
from app.engine.own.definition import PREFIX
from app.models import Run, SampleRow

NEAREST = 60


@dataclass(frozen=True, slots=True)
class RunBeside:
    """A run that has the question, too."""

    run_id: str
    model: str
    protocol: str
    created_at: datetime


def runs_beside(run: Run, sample_id: str) -> tuple[RunBeside | None, RunBeside | None]:
    """Return the runs before and after this one that have the sample; ``None`` where is none.

    Of own data only those of the same version: in others, an id may be another question's. It is
    looked for in the nearest ``NEAREST`` runs of the benchmark.
    """
    before = and_(
        Run.created_at <= run.created_at, or_(Run.created_at < run.created_at, Run.id < run.id)
    )
    after = and_(
        Run.created_at >= run.created_at, or_(Run.created_at > run.created_at, Run.id > run.id)
    )
    return (
        _first(run, sample_id, before, [Run.created_at.desc(), Run.id.desc()]),
        _first(run, sample_id, after, [Run.created_at.asc(), Run.id.asc()]),
    )


def _first(
    run: Run, sample_id: str, side: ColumnElement[bool], order: list[UnaryExpression[Any]]
) -> RunBeside | None:
    near = select(Run.id).where(Run.user_id == run.user_id, Run.benchmark == run.benchmark, side)
    if run.benchmark.startswith(PREFIX):
        near = near.where(Run.benchmark_version == run.benchmark_version)
    near_ids = db.session.scalars(near.order_by(*order).limit(NEAREST)).all()
    asked = select(SampleRow.run_id).where(
        SampleRow.run_id.in_(near_ids), SampleRow.sample_id == sample_id, SampleRow.epoch == 1
    )
    query = select(Run.id, Run.model, Run.protocol, Run.created_at).where(Run.id.in_(asked))
    found = db.session.execute(query.order_by(*order).limit(1)).first() if near_ids else None
    return RunBeside(*found) if found else None
