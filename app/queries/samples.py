"""Reads of samples; the caller has checked that the run is the account's."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import defer

from app.db import db
from app.engine.answer_place import place_in
from app.engine.questions import WHOLE, PromptShape, preview_of
from app.engine.scorers.reasoning import split_thoughts
from app.errors import NotFound
from app.models import RescoredSample, SampleRow
from app.queries.runs import timestamp
from app.queries.sample_batches import read_batch
from app.queries.sample_texts import cell_text, shorten

HISTORY_POINTS = 100
EXPORT_BATCH = 500
ROW_ONLY = tuple(
    defer(column)
    for column in (
        SampleRow.completion,
        SampleRow.reasoning,
        SampleRow.explanation,
        SampleRow.detail,
    )
)
"""What lists of samples leave out."""


MAX_EPOCH = 1000


def get_sample(run_id: str, sample_id: str, epoch: int) -> SampleRow:
    """Return one sample of a run.

    Raises:
        NotFound: There is none.
    """
    # The database would refuse a longer number instead of looking for it.
    row = (
        None
        if not 0 < epoch <= MAX_EPOCH
        else db.session.scalar(
            select(SampleRow).where(
                SampleRow.run_id == run_id,
                SampleRow.sample_id == sample_id,
                SampleRow.epoch == epoch,
            )
        )
    )
    if row is None:
        raise NotFound("This run has no such sample.", code="sample_not_found")
    return row


def rescored_verdicts(row: SampleRow) -> list[dict[str, Any]]:
    """Return the verdicts of later scorings on a sample, by protocol."""
    rows = db.session.scalars(
        select(RescoredSample)
        .where(
            RescoredSample.run_id == row.run_id,
            RescoredSample.sample_id == row.sample_id,
            RescoredSample.epoch == row.epoch,
        )
        .order_by(RescoredSample.protocol)
    )
    return [
        {
            "protocol": each.protocol,
            "outcome": each.outcome,
            "score": each.score,
            "answer": each.answer,
        }
        for each in rows
    ]


def changed_verdicts(run_id: str) -> dict[str, int]:
    """Return how many answers each later scoring grades differently, by protocol."""
    rows = db.session.execute(
        select(
            RescoredSample.protocol,
            func.count().filter(RescoredSample.outcome != SampleRow.outcome),
        )
        .join(
            SampleRow,
            and_(
                SampleRow.run_id == RescoredSample.run_id,
                SampleRow.sample_id == RescoredSample.sample_id,
                SampleRow.epoch == RescoredSample.epoch,
            ),
        )
        .where(RescoredSample.run_id == run_id)
        .group_by(RescoredSample.protocol)
    )
    return dict[str, int](rows.all())


def epochs_of(run_id: str, sample_id: str) -> list[tuple[int, str]]:
    """Return epoch and outcome of every repetition of a sample."""
    rows = db.session.execute(
        select(SampleRow.epoch, SampleRow.outcome)
        .where(SampleRow.run_id == run_id, SampleRow.sample_id == sample_id)
        .order_by(SampleRow.epoch)
    )
    return [(epoch, outcome) for epoch, outcome in rows]


def latest_samples(run_id: str, limit: int = 10) -> list[SampleRow]:
    """Return the latest samples, newest first."""
    # First which, from the index alone: sorting whole rows of a large run takes 30 ms. By the
    # plain id, PostgreSQL would rather go back through all newer runs until it finds this one.
    ids = (
        select(SampleRow.id)
        .where(SampleRow.run_id == run_id)
        .order_by((SampleRow.id + 0).desc())
        .limit(limit)
    )
    newest = db.session.scalars(ids).all()
    rows = db.session.scalars(select(SampleRow).where(SampleRow.id.in_(newest)).options(*ROW_ONLY))
    return sorted(rows, key=lambda row: row.id, reverse=True)


def outcome_counts(run_id: str, category: str = "") -> dict[str, int]:
    """Return the number of samples by outcome."""
    query = select(SampleRow.outcome, func.count()).where(SampleRow.run_id == run_id)
    if category:
        query = query.where(SampleRow.category == category)
    return dict(db.session.execute(query.group_by(SampleRow.outcome)).all())


def categories(run_id: str) -> list[str]:
    """Return the categories that occur, sorted."""
    return list(
        db.session.scalars(
            select(SampleRow.category)
            .where(SampleRow.run_id == run_id, SampleRow.category.is_not(None))
            .distinct()
            .order_by(SampleRow.category)
        )
    )


def scores_and_latencies(run_ids: Sequence[str]) -> tuple[Sequence[float], Sequence[int]]:
    """Return the scores of one run in order of arrival, and the latencies in ascending order.

    Unscored samples and calls without an answer are left out. One pass: on large runs it is what
    their page costs.
    """
    (run_id,) = run_ids
    rows = db.session.execute(
        select(SampleRow.id, SampleRow.score, SampleRow.latency_ms).where(
            SampleRow.run_id == run_id
        )
    ).all()
    landed = sorted((row_id, score) for row_id, score, _ in rows if score is not None)
    latencies = sorted(latency for _, _, latency in rows if latency is not None)
    return array("d", (score for _, score in landed)), array("q", latencies)


def sample_view(row: SampleRow) -> dict[str, Any]:
    """Return a sample as the API shows it.

    Its completion is as the server sent it; what a model thought within it is also the reasoning.
    """
    return {
        "sample_id": row.sample_id,
        "epoch": row.epoch,
        "category": row.category,
        "outcome": row.outcome,
        "score": row.score,
        "input": row.input,
        "target": row.target,
        "completion": row.completion,
        "reasoning": row.reasoning or split_thoughts(row.completion).reasoning or None,
        "answer": row.answer,
        "explanation": row.explanation,
        "detail": row.detail,
        "finish_reason": row.finish_reason,
        "latency_ms": row.latency_ms,
        "first_token_s": row.first_token_s,
        "output_tokens_per_s": row.output_tokens_per_s,
        "input_tokens": row.input_tokens,
        "cached_input_tokens": row.cached_input_tokens,
        "cache_write_tokens": row.cache_write_tokens,
        "output_tokens": row.output_tokens,
        "reasoning_tokens": row.reasoning_tokens,
        "cost_usd": row.cost_usd,
        "judge_cost_usd": row.judge_cost_usd,
        "attempts": row.attempts,
        "reply": _reply_view(row),
        "error": row.error,
        "created_at": timestamp(row.created_at),
    }


def _reply_view(row: SampleRow) -> dict[str, str | None] | None:
    """Return who answered, in the server's words; ``None`` where it did not say."""
    view = {"id": row.reply_id, "model": row.served_model, "fingerprint": row.fingerprint}
    return view if any(view.values()) else None


def page_view(row: SampleRow, *, whole: bool = False) -> dict[str, Any]:
    """Return a sample as its page shows it: the beginnings of long texts, or the ``whole``.

    ``said`` is the completion without what the model thought; ``said_parts`` the same with what
    the scorer took out of it in the middle, where that stands in it.
    """
    view = {**sample_view(row), "said": split_thoughts(row.completion).answer}
    span = place_in(view["said"], row.answer)
    shown = {**view, "is_cut": False} if whole else shorten(view)
    said = shown["said"]
    # A cut text ends in a mark of its own.
    if span is None or (said != view["said"] and span.end >= len(said)):
        parts = (said, "", "")
    else:
        parts = (said[: span.start], said[span.start : span.end], said[span.end :])
    return {**shown, "said_parts": parts}


def row_view(row: SampleRow, shape: PromptShape = WHOLE) -> dict[str, Any]:
    """Return a sample as a row of a list, with its question instead of the prompt."""
    return {
        "sample_id": row.sample_id,
        "epoch": row.epoch,
        "category": row.category,
        "outcome": row.outcome,
        "answer": cell_text(row.answer),
        "target": cell_text(row.target),
        "latency_ms": row.latency_ms,
        "output_tokens": row.output_tokens,
        "preview": preview_of(row.question or shape.question_in(row.input)),
        "error": cell_text(row.error["message"]) if row.error else None,
    }


def stream_samples(run_id: str) -> Iterator[SampleRow]:
    """Yield all samples of a run in order, a few at a time in memory."""
    position, last_id = -1, 0
    while True:
        # Epochs of one sample share its position.
        further = or_(
            SampleRow.position > position,
            and_(SampleRow.position == position, SampleRow.id > last_id),
        )
        rows = read_batch(
            select(SampleRow)
            .where(SampleRow.run_id == run_id, further)
            .order_by(SampleRow.position, SampleRow.id)
            .limit(EXPORT_BATCH)
        ).rows
        if not rows:
            return
        position, last_id = rows[-1].position, rows[-1].id
        yield from rows
        db.session.expunge_all()
