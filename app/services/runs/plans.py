"""Gathers everything that a worker needs for a run.

This is the one place where a sealed key is opened, and it only runs in a worker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.config import Settings
from app.db import db
from app.engine.benchmarks.spec import Protocol
from app.engine.call_memory import WorkerMemory
from app.engine.clients.base import ModelClient
from app.engine.clients.http_model import HttpModelClient
from app.engine.clients.providers import make_client
from app.engine.clients.request_changes import read_changes
from app.engine.clients.simulated import SimulatedClient
from app.engine.datasets.dataset import Dataset
from app.engine.datasets.loader import DatasetLoader
from app.engine.digests import digest_of
from app.engine.questions import WHOLE, PromptShape, shape_of
from app.engine.run.budget import Budget
from app.engine.run.judging import JudgeCalls
from app.engine.run.plan import RunPlan, retry_policy
from app.engine.run.system_message import with_system_message
from app.engine.sandbox.sandbox import Sandbox, SandboxUnavailableError
from app.engine.scorers.scorer_registry import (
    all_scorers,
    judged_scorers,
    sandboxed_scorers,
    versioned_name,
)
from app.engine.types import UNKNOWN_USAGE, Scorer, TokenUsage
from app.errors import Conflict, Invalid, NotFound
from app.models import AccountRow, Run, SampleRow
from app.models.run import ALWAYS_DIGESTED, SENT, full_config
from app.queries.benchmarks import dataset_loader
from app.queries.catalog import find_benchmark
from app.recorder import CALLS_WITHOUT_USAGE, Counts, ReplacedRow, SampleKey, Spent
from app.services.connections import store
from app.services.connections.tariffs import CostOf, find_tariff, tariff_at
from app.services.pace.shared_throttle import RedisThrottle, open_throttle
from app.services.runs.budgets import budget_of
from app.services.runs.judges import open_judge
from app.services.runs.preparation import Preparation
from app.services.runs.run_settings import generation_of, selection_of
from app.version import __version__

_memory = WorkerMemory()


class PlanError(Exception):
    """The run cannot be executed as it is configured.

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
    """A run that is ready to be executed.

    Attributes:
        plan: What the engine gets.
        client: The model.
        account_id: Whose run it is.
        total: Samples times epochs, by the records that are really there.
        counts: What the finished rows add up to.
        replaced: Rows of earlier errors that are asked again.
        notices: What earlier attempts told the user.
        digests: Of dataset, prompt, scorer, parameters and engine.
        provider: The connection's name.
        cost_of: Prices a call; ``None`` where no price is known.
        judge: The model that scores; ``None`` where none does.
        judge_cost_of: Prices a call of the judge; ``None`` as above, or without one.
        prompt_shape: Where the question stands in its prompts.
        metric: Of the benchmark.
    """

    plan: RunPlan
    client: ModelClient
    account_id: int
    total: int
    counts: Counts
    replaced: Mapping[SampleKey, ReplacedRow]
    notices: Sequence[Mapping[str, Any]]
    digests: dict[str, Any]
    provider: str
    cost_of: CostOf | None
    judge: JudgeCalls | None = None
    judge_cost_of: CostOf | None = None
    prompt_shape: PromptShape = WHOLE
    metric: str = "accuracy"

    def close(self) -> None:
        """Close the connections to model, judge and shared pace; release the memory of calls."""
        self.client.close()
        self.plan.memory.close()
        throttles = [self.plan.throttle]
        if self.judge is not None:
            self.judge.client.close()
            throttles.append(self.judge.throttle)
        for throttle in throttles:
            if isinstance(throttle, RedisThrottle):
                throttle.close()


def build_plan(run_id: str, settings: Settings, preparation: Preparation) -> PreparedRun:
    """Prepare a run by its id, whose lease the caller holds; see `prepare`."""
    return prepare(db.session.get_one(Run, run_id), settings, preparation.load)


def prepare(
    run: Run, settings: Settings, load: Callable[[DatasetLoader, Protocol], Dataset]
) -> PreparedRun:
    """Prepare a run: its dataset, client, scorer and finished samples.

    Args:
        run: The run; one that is not stored has no finished samples.
        settings: Where datasets are, among others.
        load: Loads the dataset.

    Raises:
        Interrupted: The run must not go on here.
        PlanError: Benchmark, protocol or connection are gone, or the model is not usable.
        DatasetError: The records cannot be loaded.
    """
    config = full_config(run.config)
    benchmark = find_benchmark(run.benchmark, run.user_id, run.benchmark_version)
    if benchmark is None or run.protocol not in benchmark.protocols:
        raise PlanError(
            "benchmark_gone",
            f"{run.benchmark} ({run.protocol}) is no longer part of this Studio.",
            "Choose another benchmark.",
        )
    protocol = benchmark.protocols[run.protocol]
    connection = _open_connection(run)
    dataset = load(dataset_loader(settings), protocol)
    places, epochs = dataset.places(selection_of(config)), config["epochs"]
    model = run.model.partition("/")[2]
    cost_of = tariff_at(connection, model).cost_of
    client = _client(run, connection)
    judge = _judge(run)
    _remember(run, client, judge)
    judge_cost_of = find_tariff(run.user_id, judge.name).cost_of if judge else None
    finished, replaced, counts = _finished_rows(run, cost_of, judge_cost_of)
    scorer = make_scorer(protocol.scorer, settings, judge)
    plan = RunPlan(
        samples=lambda: with_system_message(dataset.samples(places), config["system_message"]),
        epochs=epochs,
        generation=generation_of(config),
        scorer=scorer,
        finished=frozenset(finished),
        max_connections=config["max_connections"],
        timeout_s=config["timeout_s"],
        retry=retry_policy(config["max_retries"]),
        budget=_budget(run, counts),
        judge=judge,
        throttle=open_throttle(connection, model),
        model=model,
        served=frozenset(counts.served),
        memory=_memory.of_run(),
    )
    return PreparedRun(
        plan=plan,
        client=client,
        account_id=run.user_id,
        total=len(places) * epochs,
        counts=counts,
        replaced=replaced,
        notices=run.notices or (),
        digests=_digests(run, dataset, protocol.scorer),
        provider=connection.name,
        prompt_shape=shape_of(protocol.prompt_template),
        metric=benchmark.metric,
        cost_of=cost_of,
        judge=judge,
        judge_cost_of=judge_cost_of,
    )


def _client(run: Run, connection: store.OpenConnection) -> ModelClient:
    model = run.model.partition("/")[2]
    if connection.simulated:
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
        auth=connection.auth,
        stream=full_config(run.config)["stream"],
    )


def _remember(run: Run, client: ModelClient, judge: JudgeCalls | None) -> None:
    """Tell the clients what earlier attempts learned, so that no call is refused for it again."""
    seats = {"model": client, "judge": judge.client if judge else None}
    changes = [each["change"] for each in run.notices or () if "change" in each]
    for seat, one in seats.items():
        if isinstance(one, HttpModelClient):
            one.changes.remember(read_changes([each for each in changes if each["seat"] == seat]))


def _open_connection(run: Run) -> store.OpenConnection:
    owner = db.session.get_one(AccountRow, run.user_id)
    name = run.model.partition("/")[0]
    try:
        return store.open_connection(owner.id, owner.is_admin, name)
    except NotFound:
        raise PlanError(
            "connection_gone",
            f"The connection {name!r} was deleted.",
            "Add it again in Settings → Connections, then Resume.",
        ) from None
    except Conflict as error:
        raise PlanError(error.code, error.detail, error.action) from None


def _judge(run: Run) -> JudgeCalls | None:
    name = run.config.get("judge")
    if not name:
        return None
    owner = db.session.get_one(AccountRow, run.user_id)
    try:
        return open_judge(name, owner.id, owner.is_admin)
    except NotFound:
        raise PlanError(
            "connection_gone",
            f"The connection of the judge {name} was deleted.",
            "Add it again in Settings → Connections, then Resume.",
        ) from None
    except Conflict as error:
        raise PlanError(error.code, error.detail, error.action) from None


def _budget(run: Run, counts: Counts) -> Budget | None:
    try:
        return budget_of(run, counts)
    except Invalid as error:
        raise PlanError(error.code, error.detail, error.action) from None


def make_scorer(profile: str, settings: Settings, judge: JudgeCalls | None = None) -> Scorer:
    """Return the scorer of a profile, with the sandbox or the judge that it needs.

    Raises:
        PlanError: This server or this run does not have what it needs.
    """
    if profile in all_scorers():
        return all_scorers()[profile]
    if profile in judged_scorers():
        if judge is None:
            raise PlanError(
                "judge_missing",
                f"The scorer {profile} asks a second model, and this run has none.",
                "Duplicate the run and choose a judge.",
            )
        return judged_scorers()[profile](judge)
    if profile in sandboxed_scorers():
        return sandboxed_scorers()[profile](_sandbox(settings))
    raise PlanError("scorer_unavailable", f"The scorer {profile} is not available on this server.")


def _sandbox(settings: Settings) -> Sandbox:
    if not settings.allow_code_execution:
        raise PlanError(
            "code_execution_off",
            "This benchmark runs code that the model wrote, which is switched off on this server.",
            "An admin can allow it with ALLOW_CODE_EXECUTION=true; then Resume.",
        )
    sandbox = Sandbox()
    try:
        sandbox.check()
    except SandboxUnavailableError as error:
        raise PlanError(error.code, error.message, error.action) from None
    return sandbox


def _finished_rows(
    run: Run, cost_of: CostOf | None, judge_cost_of: CostOf | None
) -> tuple[set[SampleKey], dict[SampleKey, ReplacedRow], Counts]:
    """Return finished samples, rows to replace, and the totals of all rows.

    Rows keep the cost that they had; those from before costs were stored get the present one.
    """
    finished: set[SampleKey] = set()
    replaced: dict[SampleKey, ReplacedRow] = {}
    counts = Counts(
        retries=run.retries, stored_bytes=run.stored_bytes, judge_unmetered=run.judge_unmetered or 0
    )
    rows = db.session.execute(
        select(
            SampleRow.sample_id,
            SampleRow.epoch,
            SampleRow.outcome,
            SampleRow.score,
            SampleRow.finish_reason,
            SampleRow.input_tokens,
            SampleRow.output_tokens,
            SampleRow.cached_input_tokens,
            SampleRow.cache_write_tokens,
            SampleRow.reasoning_tokens,
            SampleRow.cost_usd,
            SampleRow.judge_input_tokens,
            SampleRow.judge_output_tokens,
            SampleRow.served_model,
            SampleRow.fingerprint,
            SampleRow.judge_cost_usd,
            SampleRow.attempts,
            SampleRow.detail[CALLS_WITHOUT_USAGE].as_integer().label("uncounted"),
        ).where(SampleRow.run_id == run.id)
    )
    for row in rows:
        counts.add(row.outcome, row.score)
        spent = _spent(row, cost_of, judge_cost_of)
        if spent.usage is not None:
            counts.add_calls(spent.usage, spent.cost_usd)
        if spent.judge_usage is not None:
            counts.add_judge_calls(spent.judge_usage, spent.judge_cost_usd)
        if row.outcome == "error" and run.retry_errors:
            replaced[(row.sample_id, row.epoch)] = ReplacedRow(row.outcome, spent)
        else:
            finished.add((row.sample_id, row.epoch))
            counts.add_served(row.served_model, row.fingerprint)
    return finished, replaced, counts


def _spent(row: Any, cost_of: CostOf | None, judge_cost_of: CostOf | None) -> Spent:
    """Return what the calls of a row used and cost."""
    usage = TokenUsage(
        row.input_tokens,
        row.output_tokens,
        row.cached_input_tokens,
        row.cache_write_tokens,
        row.reasoning_tokens,
        row.uncounted or 0,
    )
    is_billed = row.finish_reason is not None or usage != UNKNOWN_USAGE
    cost = row.cost_usd
    if cost is None and cost_of is not None and is_billed:
        cost = cost_of(usage)
    judge = None
    judge_cost = row.judge_cost_usd
    if row.judge_input_tokens or row.judge_output_tokens:
        judge = TokenUsage(row.judge_input_tokens, row.judge_output_tokens)
        if judge_cost is None and judge_cost_of is not None:
            judge_cost = judge_cost_of(judge)
    return Spent(row.attempts, usage if is_billed else None, cost, judge, judge_cost)


def _digests(run: Run, dataset: Dataset, scorer: str) -> dict[str, Any]:
    judge = run.config.get("judge")
    config = full_config(run.config)
    parameters = {
        name: config[name]
        for name in SENT
        if name in ALWAYS_DIGESTED or config[name] not in (None, [], {})
    }
    prompts = with_system_message(dataset.first(20), config["system_message"])
    return {
        "dataset": dataset.digest,
        "prompt": digest_of(prompts),
        "scorer": f"{versioned_name(scorer)}@{run.benchmark_version}"
        + (f" by {judge}" if judge else ""),
        "parameters": digest_of([parameters]),
        "engine": __version__,
    }
