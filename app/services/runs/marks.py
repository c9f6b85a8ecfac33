"""Marks samples: a star, to be reviewed, a note."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from app.db import now, transaction
from app.errors import Invalid
from app.models import SampleMark
from app.queries.runs import get_run
from app.queries.sample_marks import MAX_NOTE, Mark, mark_of
from app.queries.samples import get_sample


def mark_sample(
    run_id: str,
    account_id: int,
    sample_id: str,
    epoch: int,
    *,
    starred: bool | None = None,
    to_review: bool | None = None,
    note: str | None = None,
) -> Mark:
    """Change what is noted of a sample, and return it; ``None`` keeps what is.

    Raises:
        NotFound: There is no such run in this account, or no such sample in it.
        Invalid: The note is too long.
    """
    run = get_run(run_id, account_id)
    get_sample(run.id, sample_id, epoch)
    note = None if note is None else note.replace("\r\n", "\n").strip()
    if note is not None and len(note) > MAX_NOTE:
        message = f"A note has at most {MAX_NOTE:,} characters; this one has {len(note):,}."
        raise Invalid(message, fields={"note": [message]})
    given = {"starred": starred, "to_review": to_review, "note": note}
    changes = {name: value for name, value in given.items() if value is not None}
    key = {"run_id": run.id, "sample_id": sample_id, "epoch": epoch}
    with transaction() as session:
        if changes:
            # Only what changed is set: another tab may have set the rest meanwhile.
            is_sqlite = session.get_bind().dialect.name == "sqlite"
            make = sqlite_insert if is_sqlite else postgresql_insert
            nothing = {"starred": False, "to_review": False, "note": ""}
            written = make(SampleMark).values(**key, **{**nothing, **changes}, updated_at=now())
            session.execute(
                written.on_conflict_do_update(
                    index_elements=list(key), set_={**changes, "updated_at": now()}
                )
            )
            session.execute(
                delete(SampleMark).where(
                    *(getattr(SampleMark, name) == value for name, value in key.items()),
                    SampleMark.starred.is_(False),
                    SampleMark.to_review.is_(False),
                    SampleMark.note == "",
                )
            )
    return mark_of(run.id, sample_id, epoch)
