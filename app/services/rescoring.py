"""Scores the stored answers of a run as another reference would, without calling the model."""

from __future__ import annotations

from collections.abc import Iterator

from flask import current_app
from sqlalchemy import select, update

from app.db import db, transaction
from app.engine.aggregate import ScoredRow, summarise
from app.engine.benchmarks.registry import all_benchmarks
from app.engine.errors import DatasetError
from app.engine.outcomes import judge_reply
from app.engine.scorers.registry import get_scorer
from app.engine.types import ModelReply, Outcome, Sample, Scorer
from app.errors import Conflict, Invalid
from app.models import ACTIVE, Run, SampleRow
from app.queries.benchmarks import dataset_loader
from app.services.run_lifecycle import owned_run
from app.services.run_scores import score_of


def rescore_run(run_id: str, account_id: int, protocol: str) -> None:
    """Add the score under ``protocol``'s scorer to the run's scores; the first score stays.

    The samples stay those of the run's own protocol, since they are what was asked.

    Raises:
        NotFound: There is no such run in this account.
        Conflict: The run is still active.
        Invalid: The benchmark has no such protocol, its scorer needs a second model or the
            sandbox, or the questions cannot be loaded.
    """
    run = owned_run(run_id, account_id)
    if run.status in ACTIVE:
        raise Conflict("The run is still active.", code="run_active", action="Wait for its end.")
    benchmark = all_benchmarks().get(run.benchmark)
    known = list(benchmark.protocols) if benchmark else []
    if benchmark is None or protocol not in known or run.protocol not in known:
        raise Invalid(
            f"{run.benchmark} has no protocol {protocol!r}.",
            fields={"protocol": [f"Choose one of: {', '.join(known) or 'none'}."]},
        )
    profile = benchmark.protocols[protocol].scorer
    try:
        scorer = get_scorer(profile)
    except KeyError:
        raise Invalid(
            f"The scorer {profile} needs a second model or the sandbox.",
            fields={"protocol": ["Its scorer cannot be applied to stored answers here."]},
        ) from None
    settings = current_app.extensions["settings"]
    try:
        dataset = dataset_loader(settings).load(benchmark.protocols[run.protocol])
    except DatasetError as error:
        raise Invalid(error.message, code=error.code, action=error.action) from None
    samples = dataset.samples(run.config["limit"])
    score = score_of(summarise(_rescored(run, samples, scorer), epochs=run.config["epochs"]))
    scores = {**(run.scores or {}), protocol: score and {**score, "scorer": profile}}
    with transaction() as session:
        session.execute(update(Run).where(Run.id == run_id).values(scores=scores))


def _rescored(run: Run, samples: Iterator[Sample], scorer: Scorer) -> Iterator[ScoredRow]:
    epochs = run.config["epochs"]
    rows = db.session.execute(
        select(
            SampleRow.sample_id,
            SampleRow.epoch,
            SampleRow.category,
            SampleRow.outcome,
            SampleRow.completion,
            SampleRow.finish_reason,
        ).where(SampleRow.run_id == run.id)
    )
    answers = {(row.sample_id, row.epoch): row for row in rows}
    for sample in samples:
        for epoch in range(1, epochs + 1):
            row = answers.get((sample.id, epoch))
            if row is None:
                continue
            if row.finish_reason is None:  # no answer came: an error stays one
                outcome, score = row.outcome, None
            else:
                reply = ModelReply(row.completion, row.finish_reason)
                outcome, score = judge_reply(reply, scorer(row.completion, sample))
            yield ScoredRow(sample.id, epoch, row.category, Outcome(outcome), score)
