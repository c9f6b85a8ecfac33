"""What should be true before a run starts: one list for page, API and start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from app.broker import queues
from app.config import Settings
from app.engine.token_counts import count_tokens
from app.errors import Invalid, Unavailable
from app.formats import exact_usd
from app.queries.benchmarks import longest_prompt, unavailable_reason
from app.queries.sample_parts import unknown_ids
from app.services.connections.model_catalog import chats
from app.services.connections.model_lookup import ModelLookup, look_up_model
from app.services.runs.checks import RunSpec
from app.services.runs.judges import judge_problem, needs_judge
from app.services.runs.run_settings import selection_of
from app.services.storage.account_storage import storage_of
from app.services.storage.disk_space import room

State = Literal["ok", "warn", "fail"]
Estimate = Mapping[str, Any]

_WITHOUT_LIST = frozenset({"no_model_list", "no_answer"})
"""Failures to list models that say nothing of the connection: a list may take its time."""

_TEST_IT = "Test it in Settings → Connections."


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: Stable, snake_case.
        state: ``fail``: the run is not started. ``warn``: it is, and the reader should know.
        message: For readers.
        action: What to do next; ``None`` where all is well.
        field: The field of the request that it is about, if it is about one.
    """

    name: str
    state: State
    message: str
    action: str | None = None
    field: str | None = None

    def view(self) -> dict[str, Any]:
        """Return the check as the API shows it."""
        return {
            "name": self.name,
            "state": self.state,
            "message": self.message,
            "action": self.action,
        }


def preflight(
    spec: RunSpec,
    estimate: Estimate,
    account_id: int,
    is_admin: bool,
    settings: Settings,
    *,
    ask: bool = True,
) -> list[Check]:
    """Return what was looked at before a run.

    Args:
        spec: The run.
        estimate: What it will cost (`app.services.runs.estimates`).
        account_id: Whose run it is.
        is_admin: Whether the account also has the environment's connections.
        settings: What this server allows.
        ask: Whether servers may be asked for their lists of models, which takes a second or two.
    """
    connection, _, model_id = spec.model.partition("/")
    found = look_up_model(account_id, is_admin, connection, model_id, ask=ask)
    checks = [_data(spec, settings), *_samples(spec, settings), *_code_execution(spec, settings)]
    checks += [_model(spec, found), _chat(spec), *_context(spec, found, estimate, settings)]
    checks.append(_connection(spec, found))
    if needs_judge(spec.protocol.scorer):
        checks.append(_judge(spec, estimate, account_id, is_admin, ask=ask))
    checks += [_price(spec, estimate), *_budget(spec, estimate)]
    checks += [_worker(), _disk(settings), _storage(account_id)]
    return checks


def refuse_failed(checks: Sequence[Check]) -> None:
    """Refuse a run for which a check failed.

    Raises:
        Invalid: ``preflight_failed``, with all checks.
    """
    failed = [check for check in checks if check.state == "fail"]
    if not failed:
        return
    fields: dict[str, list[str]] = {}
    for check in failed:
        if check.field is not None:
            fields.setdefault(check.field, []).append(check.message)
    actions = dict.fromkeys(check.action for check in failed if check.action)
    raise Invalid(
        " ".join(check.message for check in failed),
        code="preflight_failed",
        action=" ".join(actions) or None,
        fields=fields,
        extras={"checks": [check.view() for check in checks]},
    )


def _data(spec: RunSpec, settings: Settings) -> Check:
    # Of the protocol that will be run, without what another check says.
    benchmark = replace(
        spec.benchmark,
        default_protocol=spec.protocol.name,
        requirements=tuple(need for need in spec.benchmark.requirements if need != "sandbox"),
    )
    reason = unavailable_reason(benchmark, settings)
    if reason:
        return Check(
            "data",
            "fail",
            f"The questions of {benchmark.title} are not available. {reason}",
            "Choose another benchmark, or make its data available.",
            "benchmark",
        )
    if benchmark.offline:
        return Check("data", "ok", "The questions are on this machine.")
    return Check("data", "ok", "The questions are here, or are downloaded first.")


def _samples(spec: RunSpec, settings: Settings) -> Iterator[Check]:
    if not spec.config["sample_ids"]:
        return
    selection = selection_of(spec.config)
    error = unknown_ids(spec.benchmark, spec.protocol, settings, selection)
    if error is not None:
        yield Check("samples", "fail", error.message, error.action, "sample_ids")


def _code_execution(spec: RunSpec, settings: Settings) -> Iterator[Check]:
    if "sandbox" not in spec.benchmark.requirements:
        return
    if settings.allow_code_execution:
        yield Check("code_execution", "ok", "Code of models may be run on this server.")
        return
    yield Check(
        "code_execution",
        "fail",
        f"{spec.benchmark.title} needs code execution: it runs what the model wrote, which this "
        "server does not allow.",
        "An admin can allow it with ALLOW_CODE_EXECUTION=true.",
        "benchmark",
    )


def _model(spec: RunSpec, found: ModelLookup) -> Check:
    connection, _, model_id = spec.model.partition("/")
    if found.standing == "listed":
        return Check("model", "ok", f"The connection {connection} lists {model_id}.")
    if found.standing == "missing":
        # No more than a warning: a server may know more names than it lists.
        return Check(
            "model",
            "warn",
            f"The connection {connection} does not list the model {model_id}.",
            f"Pick one of its {_models(found.offered)}"
            + (f", such as {', '.join(found.near)}." if found.near else "."),
        )
    if found.failure is None:
        return Check("model", "warn", f"Whether {connection} has {model_id} was not looked up.")
    unknown = f"Whether {connection} has {model_id} is not known"
    if found.failure.code not in _WITHOUT_LIST:
        # The check of the connection says why.
        return Check("model", "warn", f"{unknown}.", "Mend the connection first.")
    return Check("model", "warn", f"{unknown}: {found.failure.message}", found.failure.action)


def _models(number: int) -> str:
    return "1 model" if number == 1 else f"{number:,} models"


def _chat(spec: RunSpec) -> Check:
    model_id = spec.model.partition("/")[2]
    answers = True if spec.connection.simulated else chats(model_id)
    if answers:
        return Check("chat", "ok", "It looks like a model that answers chat.")
    return Check(
        "chat",
        "warn" if answers is None else "fail",
        f"The model {model_id} does not look like a chat model.",
        "Choose one that answers chat: models of embeddings, speech and images do not.",
        "model",
    )


def _context(
    spec: RunSpec, found: ModelLookup, estimate: Estimate, settings: Settings
) -> Iterator[Check]:
    room_tokens = found.context_tokens
    sample = longest_prompt(spec.benchmark, spec.protocol.name, settings) if room_tokens else None
    if room_tokens is None or sample is None:
        return  # nothing is known that could be said
    texts = [message["content"] for message in sample.messages]
    text = "\n".join([spec.config["system_message"] or "", *texts])
    average = round(estimate["input_tokens"] / estimate["calls"])  # of the part that is asked
    longest = count_tokens(text, spec.model.partition("/")[2])[0]
    answer = spec.config["max_tokens"] or spec.benchmark.output_tokens[1]
    facts = f"{room_tokens:,} tokens; the longest prompt has about {longest:,}"
    if average > room_tokens:
        yield Check(
            "context",
            "fail",
            f"The model has room for {facts}, the average one {average:,}.",
            "Choose a model with a longer context.",
            "model",
        )
    elif longest + answer > room_tokens:
        yield Check(
            "context",
            "warn",
            f"The model has room for {facts}, and an answer may have {answer:,}: some samples may "
            "end in an error.",
            "Lower max_tokens, or choose a model with a longer context.",
        )
    else:
        yield Check("context", "ok", f"The model has room for {facts}.")


def _connection(spec: RunSpec, found: ModelLookup) -> Check:
    test = spec.connection.last_test
    name = spec.connection.name
    if spec.connection.simulated:
        return Check(
            "connection",
            "warn",
            "A simulated model: its score says nothing about a real one.",
            "Choose a model of a connection of yours for a real score.",
        )
    if found.failure is not None and found.failure.code not in _WITHOUT_LIST:
        return Check("connection", "warn", found.failure.message, found.failure.action)
    if test and test.get("ok"):
        return Check("connection", "ok", f"The last test of {name} succeeded.")
    if found.standing != "unknown":
        return Check("connection", "ok", f"The connection {name} answers.")
    if test:
        error = test.get("error") or {}
        return Check(
            "connection",
            "warn",
            f"The last test of {name} failed: {error.get('message')}",
            error.get("action") or _TEST_IT,
        )
    return Check("connection", "warn", f"The connection {name} has not been tested yet.", _TEST_IT)


def _judge(
    spec: RunSpec, estimate: Estimate, account_id: int, is_admin: bool, *, ask: bool
) -> Check:
    judge = spec.config["judge"]
    simulated = spec.connection.simulated
    problem = judge_problem(judge, account_id, is_admin, simulated=simulated)
    if problem is not None:
        return Check("judge", "fail", *problem, "judge")
    connection, _, model_id = judge.partition("/")
    if chats(model_id) is False:
        return Check(
            "judge",
            "fail",
            f"The judge {model_id} does not look like a chat model.",
            "Choose a model that answers chat.",
            "judge",
        )
    found = look_up_model(account_id, is_admin, connection, model_id, ask=ask)
    if found.standing == "missing":
        return Check(
            "judge",
            "warn",
            f"The connection {connection} does not list the judge {model_id}.",
            f"Pick one of its {_models(found.offered)}.",
        )
    if estimate["judge_cost_usd"] is None:
        return Check(
            "judge",
            "warn",
            f"The price of the judge {judge} is not known: its cost will be shown as unknown.",
            "Enter its price in Settings → Connections, or choose a judge whose price is known.",
        )
    return Check("judge", "ok", f"The judge {judge} grades the answers.")


def _price(spec: RunSpec, estimate: Estimate) -> Check:
    if estimate["price_known"]:
        return Check("price", "ok", f"The price is known ({estimate['price_source']}).")
    return Check(
        "price",
        "warn",
        f"The price of {spec.model} is not known: its cost will be shown as unknown.",
        "Enter its price in Settings → Connections, or bound the cost by a sample limit.",
    )


def _budget(spec: RunSpec, estimate: Estimate) -> Iterator[Check]:
    budget = spec.config["budget_usd"]
    if budget is None:
        return
    judge, cost, judge_cost = spec.config["judge"], estimate["cost_usd"], estimate["judge_cost_usd"]
    unknown = spec.model if cost is None else judge if judge and judge_cost is None else None
    if unknown:
        yield Check(
            "budget",
            "fail",
            f"The price of {unknown} is not known, so a budget in US$ cannot be kept.",
            "Enter the price in Settings → Connections, or leave the budget out.",
            "budget_usd",
        )
        return
    most = cost["high"] + (judge_cost["high"] if judge_cost else 0.0)
    if most > budget:
        yield Check(
            "budget",
            "warn",
            f"The budget of {exact_usd(budget)} may not be enough: estimated are up to "
            f"{exact_usd(most)}.",
            "The run pauses when it is spent, and nothing is lost; raise it to go on.",
        )
    else:
        yield Check("budget", "ok", "The budget covers the estimate.")


def _worker() -> Check:
    try:
        number = queues.count_workers()
    except Unavailable as error:
        return Check("worker", "warn", error.detail, error.action)
    if number:
        return Check("worker", "ok", "A worker is there.")
    return Check(
        "worker",
        "warn",
        "No worker is running: the run will wait in the queue.",
        "An admin can start one with scripts/worker, or see at /health what is wrong.",
    )


def _disk(settings: Settings) -> Check:
    if room(settings).level == "ok":
        return Check("disk", "ok", "The disk has room.")
    return Check(
        "disk",
        "fail",
        "The disk of the Studio has too little room, so nothing new can be started.",
        "Try again once an admin has freed some space.",
    )


def _storage(account_id: int) -> Check:
    storage = storage_of(account_id)
    if not storage.is_full:
        return Check("storage", "ok", "Your account has room for answers.")
    failure = storage.failure
    return Check("storage", "fail", failure.message, failure.action)
