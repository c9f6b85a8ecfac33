"""Everything that a worker needs to work on a run, gathered in one frozen value.

This is the one place where a sealed key is opened, and it only runs in a worker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Event
from typing import Any

from sqlalchemy import select

from app.config import Settings
from app.db import db
from app.engine.benchmarks.registry import all_benchmarks
from app.engine.clients.base import ModelClient
from app.engine.clients.providers import make_client
from app.engine.clients.simulated import SimulatedClient
from app.engine.datasets.dataset import Dataset
from app.engine.digests import digest_of
from app.engine.plan import RunPlan
from app.engine.scorers.registry import get_scorer
from app.engine.types import Generation, Scorer
from app.errors import Conflict, NotFound
from app.models import Run, SampleRow, User
from app.net.retry import RetryPolicy
from app.queries.benchmarks import dataset_loader
from app.recorder import Counts, SampleKey
from app.services import connections
from app.services.budgets import RunBudget
from app.services.costs import CostOf, tariff_of
from app.version import __version__


class PlanError(Exception):
    """The run cannot be worked on as it is configured.

    Attributes:
        code: Stable, snake_case.
        message: For the user.
        action: What to do next.
    """

    def __init__(self, code: str, message: str, action: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.action = code, message, action


@dataclass(frozen=True, slots=True)
class PreparedRun:
    """A run ready to be worked on.

    Attributes:
        plan: What the engine gets.
        client: The model.
        total: Samples times epochs, by the records that are really there.
        counts: What the finished rows add up to.
        replaced: Outcomes of earlier errors that are asked again.
        digests: Of dataset, prompt, scorer, parameters and engine.
        provider: The connection's name.
        cost_of: Prices what was used.
    """

    plan: RunPlan
    client: ModelClient
    total: int
    counts: Counts
    replaced: Mapping[SampleKey, str]
    digests: dict[str, Any]
    provider: str
    cost_of: CostOf


def build_plan(
    run_id: str, settings: Settings, tell: Callable[[str], None], stop: Event
) -> PreparedRun:
    """Gather dataset, client, scorer and finished samples of a run.

    Args:
        run_id: A run whose lease the caller holds.
        settings: Where datasets are, among others.
        tell: Called with a sentence for each step that takes time.
        stop: Set when the run must end while it is being prepared.

    Raises:
        PlanError: Benchmark, protocol or connection are gone, or the model is not usable.
        DatasetError: The records cannot be loaded.
    """
    run = db.session.get_one(Run, run_id)
    config = run.config
    benchmark = all_benchmarks().get(run.benchmark)
    if benchmark is None or run.protocol not in benchmark.protocols:
        raise PlanError(
            "benchmark_gone",
            f"{run.benchmark} ({run.protocol}) is not in this version of the Studio any more.",
            "Choose another benchmark.",
        )
    protocol = benchmark.protocols[run.protocol]
    connection = _open_connection(run)
    dataset = dataset_loader(settings).load(protocol, tell)
    if stop.is_set():
        raise PlanError("stopped", "The run was stopped while it was being prepared.")
    generation = Generation(
        temperature=config["temperature"],
        top_p=config["top_p"],
        max_tokens=config["max_tokens"],
        seed=config["seed"],
        stop=protocol.generation.stop,
    )
    limit, epochs = config["limit"], config["epochs"]
    total = min(limit or dataset.size, dataset.size) * epochs
    finished, replaced, counts = _finished_rows(run)
    cost_of = tariff_of(run.model, simulated=run.simulated).cost_usd
    budget_usd = config["budget_usd"]
    client = _client(run, connection)
    scorer = _scorer(protocol.scorer, settings)
    plan = RunPlan(
        samples=lambda: dataset.samples(limit),
        epochs=epochs,
        total=total,
        generation=generation,
        scorer=scorer,
        finished=frozenset(finished),
        max_connections=config["max_connections"],
        timeout_s=config["timeout_s"],
        retry=RetryPolicy(max_retries=config["max_retries"]),
        budget=None if budget_usd is None else RunBudget(budget_usd, counts, cost_of),
    )
    return PreparedRun(
        plan=plan,
        client=client,
        total=total,
        counts=counts,
        replaced=replaced,
        digests=_digests(run, dataset, protocol.scorer),
        provider=connection.name,
        cost_of=cost_of,
    )


def _client(run: Run, connection: connections.OpenConnection) -> ModelClient:
    model = run.model.partition("/")[2]
    if connection.kind == "simulated":
        try:
            return SimulatedClient(model, seed=run.config["seed"] or 0)
        except ValueError as error:
            raise PlanError("unknown_model", str(error), "Pick a model from the list.") from None
    return make_client(
        connection.kind,
        connection.base_url,
        connection.api_key,
        model,
        policy=connection.policy,
        max_connections=run.config["max_connections"],
        provider=connection.name,
    )


def _open_connection(run: Run) -> connections.OpenConnection:
    owner = db.session.get_one(User, run.user_id)
    name = run.model.partition("/")[0]
    try:
        return connections.open_connection(owner.id, owner.is_admin, name)
    except NotFound:
        raise PlanError(
            "connection_gone",
            f"The connection {name!r} was deleted.",
            "Add it again in Settings → Connections, then Resume.",
        ) from None
    except Conflict as error:
        raise PlanError(error.code, error.detail, error.action) from None


def _scorer(profile: str, settings: Settings) -> Scorer:
    try:
        return get_scorer(profile)
    except KeyError:
        raise PlanError(
            "scorer_unavailable", f"The scorer {profile} is not available on this server."
        ) from None


def _finished_rows(run: Run) -> tuple[set[SampleKey], dict[SampleKey, str], Counts]:
    """Return what is not asked again, what is asked again, and what all rows add up to."""
    finished: set[SampleKey] = set()
    replaced: dict[SampleKey, str] = {}
    counts = Counts(retries=run.retries)
    rows = db.session.execute(
        select(
            SampleRow.sample_id,
            SampleRow.epoch,
            SampleRow.outcome,
            SampleRow.score,
            SampleRow.input_tokens,
            SampleRow.output_tokens,
            SampleRow.judge_input_tokens,
            SampleRow.judge_output_tokens,
        ).where(SampleRow.run_id == run.id)
    )
    for sample_id, epoch, outcome, score, tokens_in, tokens_out, judge_in, judge_out in rows:
        counts.add(outcome, score)
        counts.add_tokens(tokens_in, tokens_out, judge_in, judge_out)
        if outcome == "error" and run.retry_errors:
            replaced[(sample_id, epoch)] = outcome
        else:
            finished.add((sample_id, epoch))
    return finished, replaced, counts


def _digests(run: Run, dataset: Dataset, scorer: str) -> dict[str, Any]:
    parameters = {
        name: run.config[name] for name in ("temperature", "top_p", "max_tokens", "seed", "epochs")
    }
    return {
        "dataset": dataset.digest,
        "prompt": digest_of(dataset.samples(20)),
        "scorer": f"{scorer}@{run.benchmark_version}",
        "parameters": digest_of([parameters]),
        "engine": __version__,
    }
