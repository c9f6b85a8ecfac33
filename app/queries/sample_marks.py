"""What readers noted of samples; the caller has checked that the run is the account's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, select

from app.db import db
from app.models import SampleMark, SampleRow
from app.models.sample_mark import MAX_NOTE as MAX_NOTE

KINDS = ("any", "starred", "to_review", "noted")
"""What samples can be filtered by."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Star, mark for review and note of a sample."""

    starred: bool = False
    to_review: bool = False
    note: str = ""

    def view(self) -> dict[str, bool | str]:
        """Return it as the API shows it."""
        return {"starred": self.starred, "to_review": self.to_review, "note": self.note}


NO_MARK = Mark()


def mark_of(run_id: str, sample_id: str, epoch: int) -> Mark:
    """Return what was noted of one sample."""
    row = db.session.get(SampleMark, (run_id, sample_id, epoch))
    return Mark(row.starred, row.to_review, row.note) if row else NO_MARK


def marks_of(run_id: str, sample_ids: Iterable[str]) -> dict[tuple[str, int], Mark]:
    """Return what was noted of some samples, by id and epoch; those without a mark are missing."""
    rows = db.session.scalars(
        select(SampleMark).where(
            SampleMark.run_id == run_id, SampleMark.sample_id.in_(set(sample_ids))
        )
    )
    return {(row.sample_id, row.epoch): Mark(row.starred, row.to_review, row.note) for row in rows}


def is_marked(kind: str) -> ColumnElement[bool]:
    """Return the condition for a sample that has such a mark, one of ``KINDS``."""
    wanted = {
        "starred": SampleMark.starred.is_(True),
        "to_review": SampleMark.to_review.is_(True),
        "noted": SampleMark.note != "",
    }.get(kind)
    same = and_(
        SampleMark.run_id == SampleRow.run_id,
        SampleMark.sample_id == SampleRow.sample_id,
        SampleMark.epoch == SampleRow.epoch,
    )
    found = select(SampleMark.run_id).where(same)
    return (found if wanted is None else found.where(wanted)).exists()
