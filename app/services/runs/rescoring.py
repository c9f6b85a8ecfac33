"""Scores the stored answers of a finished run again, without calling the model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from threading import Event

from sqlalchemy import delete, insert, update
from sqlalchemy.exc import OperationalError

from app import disk
from app.broker import queues
from app.config import Settings
from app.current import get_settings
from app.db import db, transaction
from app.engine.aggregate import ScoredRow, summarise
from app.engine.benchmarks.spec import Protocol
from app.engine.datasets.loader import GO_ONLINE
from app.engine.engine_errors import DatasetError
from app.engine.outcomes import is_only_reasoning, is_refused, outcome_of_reply
from app.engine.sandbox.sandbox import SandboxUnavailableError
from app.engine.scorers.scorer_registry import sandboxed_scorers
from app.engine.types import ModelReply, Outcome, Sample, Scorer, Verdict
from app.errors import Conflict, Invalid, NotFound, QueueAway, StudioError
from app.formats import percent
from app.models import ACTIVE, RescoredSample, Run, SampleRow
from app.queries.benchmarks import dataset_loader
from app.queries.catalog import find_benchmark, metric_of
from app.queries.runs import get_run
from app.queries.samples import EXPORT_BATCH, stream_samples
from app.services.runs.judges import needs_judge
from app.services.runs.plans import PlanError, make_scorer
from app.services.runs.preparation import Loading
from app.services.runs.rescoring_claims import (
    MOST_ATTEMPTS,
    Claim,
    LostClaim,
    file_rescoring,
    take_rescoring,
)
from app.services.runs.run_log import publish_line
from app.services.runs.run_settings import selection_of
from app.services.runs.scores import score_of
from app.services.storage import disk_space
from app.services.storage.account_storage import require_storage
from app.services.storage.disk_space import require_room

_LOG_EVERY = 2_000


@dataclass(frozen=True, slots=True)
class _Rescored:
    """The new verdict on one answer."""

    row: ScoredRow
    answer: str | None


def ask_rescoring(run_id: str, account_id: int, protocol: str) -> None:
    """Request that a worker score the run's answers under ``protocol``.

    Raises:
        NotFound: There is no such run in this account.
        Conflict: The run is still active, the account may store nothing more, or too many of its
            runs are being scored again.
        Invalid: The benchmark has no such protocol, or its scorer cannot be used on stored
            answers here.
        Unavailable: The queue does not answer, or the disk has no room; nothing was changed.
    """
    run = get_run(run_id, account_id)
    require_room()
    require_storage(account_id)
    settings = get_settings()
    asked, _, _ = _check(run, protocol, settings)
    if settings.offline and not dataset_loader(settings).available(asked):
        raise Invalid(
            f"The questions of {run.benchmark} are not on this machine.",
            code="dataset_unavailable",
            action=GO_ONLINE,
        )
    if not queues.is_reachable():
        raise QueueAway("nothing is scored again")
    file_rescoring(run_id, protocol)


class _Draining(Exception):  # noqa: N818 - a state, not a mistake
    """This worker must stop; another one starts the rescoring again."""


def work(run_id: str, protocol: str, settings: Settings, draining: Event) -> None:
    """Do a requested rescoring; failures go into the run's log.

    Args:
        run_id: The run.
        protocol: By whose scorer.
        settings: Datasets, sandbox.
        draining: Set when this worker must leave: the scoring is given back.
    """
    if disk_space.is_full():
        return  # the sweep hands it out again
    claim = take_rescoring(run_id, protocol)
    if claim is None:
        return  # done, or the run was deleted meanwhile
    try:
        if claim.attempts > MOST_ATTEMPTS:
            raise Conflict(f"it failed {MOST_ATTEMPTS} times: each time its worker ended.")
        _rescore(claim, settings, draining)
    except (LostClaim, NotFound):
        return
    except (_Draining, OperationalError) as error:
        if isinstance(error, OperationalError) and not disk.is_full(error):
            raise
        with suppress(OperationalError):
            claim.release()
    except StudioError as error:
        with suppress(LostClaim):
            with transaction() as session:
                claim.close(session)
            publish_line(run_id, f"Not scored again under {protocol}: {error.detail}", "error")


def _rescore(claim: Claim, settings: Settings, draining: Event) -> None:
    """Score all answers under the protocol and add the score; the first score is kept.

    The samples stay those of the run's own protocol, since they are what was asked. Each new
    verdict is kept (``RescoredSample``). Memory does not grow with the number of samples.

    Raises:
        NotFound: The run was deleted.
        LostClaim: Another worker took over.
        _Draining: This worker must leave.
        Conflict: The run is active again.
        Invalid: The benchmark has no such protocol, its scorer cannot be used on stored
            answers here, or the questions cannot be loaded.
    """
    run_id = claim.run_id
    run = db.session.get(Run, run_id)
    if run is None:
        raise NotFound("The run was deleted.")
    asked, wanted, key = _check(run, claim.protocol, settings)
    epochs, total = run.config["epochs"], run.done
    before = run.score
    metric = metric_of(run.benchmark, run.user_id, run.benchmark_version)
    warning = prompt_warning(asked, wanted)
    try:
        scorer = make_scorer(wanted.scorer, settings)
        publish_line(run_id, f"Scoring {total:,} answers again under {key} ({wanted.scorer}).")
        if warning:
            publish_line(run_id, warning, "warning")
        dataset = Loading(dataset_loader(settings), asked).wait(lambda: _check_stay(draining))
        samples = dataset.samples(dataset.places(selection_of(run.config)))
        rescored = _rescored(run_id, samples, epochs, scorer, draining)
        summary = summarise(_kept(claim, key, rescored, total), metric=metric, epochs=epochs)
    except DatasetError as error:
        raise Invalid(error.message, code=error.code, action=error.action) from None
    except (PlanError, SandboxUnavailableError) as error:
        raise Invalid(error.message, code=error.code, action=error.action) from None
    score = score_of(summary)
    also = {"scorer": wanted.scorer, **({"warning": warning} if warning else {})}
    _write_score(claim, key, score and {**score, **also})
    if score and before:
        publish_line(
            run_id,
            f"Scored again under {key}: {percent(score['value'])}, "
            f"first {percent(before['value'])}. The model was not called.",
        )


def prompt_warning(asked: Protocol, wanted: Protocol) -> str | None:
    """Return what to know of a score under a protocol whose prompt was not the one that was sent.

    Args:
        asked: The protocol under which the model was asked.
        wanted: The one that scores its answers.
    """
    if asked.prompt_template == wanted.prompt_template:
        return None
    return (
        f"The answers were asked for with the prompt of {asked.name}, which is not that of "
        f"{wanted.name}: its scorer may look for a form that the model was not told of, and the "
        f"score be far lower than that of a run under {wanted.name}."
    )


def _check_stay(draining: Event) -> None:
    if draining.is_set():
        raise _Draining


def _check(run: Run, protocol: str, settings: Settings) -> tuple[Protocol, Protocol, str]:
    """Return the run's protocol, the one to score by, and the name of its score."""
    if run.status in ACTIVE:
        raise Conflict("The run is still active.", code="run_active", action="Wait until it ends.")
    benchmark = find_benchmark(run.benchmark, run.user_id, run.benchmark_version)
    known = dict(benchmark.protocols) if benchmark else {}
    if benchmark is None or protocol not in known or run.protocol not in known:
        raise Invalid(
            f"{run.benchmark} has no protocol {protocol!r}.",
            fields={"protocol": [f"Choose one of: {', '.join(known) or 'none'}."]},
        )
    scorer = known[protocol].scorer
    needs_code = scorer in sandboxed_scorers() and not settings.allow_code_execution
    if needs_judge(scorer) or needs_code:
        what = (
            "code execution, which is switched off on this server"
            if needs_code
            else "calls of a second model"
        )
        raise Invalid(
            f"The scorer {scorer} needs {what}.",
            fields={"protocol": [f"Its scorer needs {what}."]},
        )
    newer = protocol == run.protocol and benchmark.version != run.benchmark_version
    key = f"{protocol}@{benchmark.version}" if newer else protocol
    return known[run.protocol], known[protocol], key


def _rescored(
    run_id: str, samples: Iterator[Sample], epochs: int, scorer: Scorer, draining: Event
) -> Iterator[_Rescored]:
    """Yield the new verdict of each row, in the benchmark's order."""
    index, sample = -1, next(samples, None)
    for row in stream_samples(run_id):
        _check_stay(draining)
        wanted = row.position // epochs
        while sample is not None and index + 1 < wanted:
            index, sample = index + 1, next(samples, None)
        if sample is None or sample.id != row.sample_id:
            raise Invalid(
                "The questions have changed since the run.",
                code="dataset_changed",
                action="Run the benchmark again.",
            )
        yield _scored_again(row, sample, scorer)


def _scored_again(row: SampleRow, sample: Sample, scorer: Scorer) -> _Rescored:
    if row.finish_reason is None:  # no answer came: an error stays one, a refusal too
        same = ScoredRow(row.sample_id, row.epoch, row.category, Outcome(row.outcome), row.score)
        return _Rescored(same, None)
    reply = ModelReply(
        row.completion,
        row.finish_reason,  # type: ignore[arg-type]
        reasoning=row.reasoning or "",
    )
    try:
        has_answer = not (is_refused(reply) or is_only_reasoning(reply))
        verdict = scorer(row.completion, sample) if has_answer else Verdict(None, None)
    except SandboxUnavailableError:
        raise
    except Exception as error:  # noqa: BLE001 - a scorer's bug costs one sample, as in a run
        verdict = Verdict(None, None, type(error).__name__)
    outcome, score = outcome_of_reply(reply, verdict)
    return _Rescored(
        ScoredRow(row.sample_id, row.epoch, row.category, outcome, score), verdict.answer
    )


def _kept(claim: Claim, key: str, rescored: Iterator[_Rescored], total: int) -> Iterator[ScoredRow]:
    """Store the verdicts in batches and yield their scored rows."""
    run_id = claim.run_id
    with transaction() as session:
        claim.keep(session, 0)
        session.execute(
            delete(RescoredSample).where(
                RescoredSample.run_id == run_id, RescoredSample.protocol == key
            )
        )
    done = 0
    # As many as are read at once: the transaction lets go of all rows that were read.
    while batch := list(islice(rescored, EXPORT_BATCH)):
        done += len(batch)
        with transaction() as session:
            claim.keep(session, done)
            session.execute(insert(RescoredSample), [_columns(run_id, key, each) for each in batch])
        if done % _LOG_EVERY == 0:
            publish_line(run_id, f"{done:,} of {total:,} answers scored again.")
        for each in batch:
            yield each.row


def _columns(run_id: str, key: str, each: _Rescored) -> dict[str, object]:
    answer = each.answer
    return {
        "run_id": run_id,
        "protocol": key,
        "sample_id": each.row.sample_id,
        "epoch": each.row.epoch,
        "outcome": str(each.row.outcome),
        "score": each.row.score,
        "answer": None if answer is None else answer.replace("\0", "\ufffd"),
    }


def _write_score(claim: Claim, key: str, score: dict[str, object] | None) -> None:
    run_id = claim.run_id
    with transaction() as session:
        claim.close(session)
        run = session.get(Run, run_id, populate_existing=True, with_for_update=True)
        if run is not None:
            scores = {**(run.scores or {}), key: score}
            if key == run.protocol and run.score is not None:
                scores[key] = run.score  # the first score stays
            session.execute(
                update(Run).where(Run.id == run_id, Run.status.not_in(ACTIVE)).values(scores=scores)
            )
