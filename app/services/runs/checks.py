"""Checks that everything a run request names exists and may be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.config import Settings
from app.engine.benchmarks.spec import Benchmark, Protocol
from app.engine.datasets.selection import DEFAULT_SAMPLE_SEED
from app.engine.own.definition import PREFIX
from app.errors import Invalid
from app.queries.catalog import find_benchmark
from app.services.connections import store
from app.services.runs.default_limits import with_default_limit
from app.services.runs.judges import needs_judge
from app.services.runs.run_request import RunRequest
from app.services.runs.thinking import check_thinking


@dataclass(frozen=True, slots=True)
class RunSpec:
    """A request whose benchmark, protocol and connection exist, with its defaults filled in.

    Whether it can be run is for the preflight to say (`app.services.runs.preflight`).
    """

    benchmark: Benchmark
    protocol: Protocol
    connection: store.ConnectionInfo
    model: str
    config: dict[str, Any]
    total: int


def check_request(
    request: RunRequest, account_id: int, is_admin: bool, settings: Settings
) -> RunSpec:
    """Return the request with its defaults filled in.

    Raises:
        Invalid: A field names something that does not exist, or asks for too much.
    """
    benchmark = _check_benchmark(request, account_id)
    protocol = benchmark.protocols.get(request.protocol or benchmark.default_protocol)
    if protocol is None:
        known = ", ".join(benchmark.protocols)
        raise Invalid(
            f"The benchmark {benchmark.name} has no protocol {request.protocol!r}; it has: "
            f"{known}.",
            fields={"protocol": [f"Choose one of: {known}."]},
        )
    connection = _check_model(request.model, account_id, is_admin)
    judge = request.judge if needs_judge(protocol.scorer) else None
    config = _config(request, protocol, connection, judge, settings)
    config |= _sampling(request, benchmark)
    check_thinking(request, config, connection)
    config = with_default_limit(config, connection.kind)
    at_most = len(config["sample_ids"]) if config["sample_ids"] else benchmark.size
    samples = min(request.limit or at_most, at_most, benchmark.size)
    total = samples * config["epochs"]
    if total > settings.max_samples:
        raise Invalid(
            f"{total:,} calls are more than this server allows ({settings.max_samples:,}).",
            fields={"limit": [f"At most {settings.max_samples:,} samples times epochs."]},
            action="Lower the limit or the epochs.",
        )
    return RunSpec(benchmark, protocol, connection, request.model, config, total)


def _check_benchmark(request: RunRequest, account_id: int) -> Benchmark:
    name, version = request.benchmark, request.benchmark_version
    if name.startswith(PREFIX) and version is None:
        name, _, number = name.partition("@")
        version = int(number) if number.isascii() and number.isdigit() else None
        name = request.benchmark if number and version is None else name
    benchmark = find_benchmark(name, account_id)
    if benchmark is None:
        raise Invalid(
            f"There is no benchmark called {name!r}.",
            fields={"benchmark": [f"There is no benchmark called {name!r}."]},
            action="Pick one from the list of benchmarks.",
        )
    if version in (None, benchmark.version):
        return benchmark
    older = find_benchmark(name, account_id, version) if name.startswith(PREFIX) else None
    if older is None:
        message = (
            f"The benchmark {name} has no version {version}; the latest is {benchmark.version}."
        )
        raise Invalid(
            message,
            fields={"benchmark_version": [message]},
            action="Leave the version out for the latest.",
        )
    return older


_UNSET = (
    "top_k",
    "presence_penalty",
    "frequency_penalty",
    "system_message",
    "reasoning_effort",
    "thinking_tokens",
    "extra_body",
    "sample_ids",
)
"""Settings that no protocol has a default for."""


def _sampling(request: RunRequest, benchmark: Benchmark) -> dict[str, Any]:
    """Return order and seed: a part stands for the whole unless the first ones are asked for."""
    is_part = request.limit is not None and request.limit < benchmark.size
    order = request.order or ("random" if is_part and not request.sample_ids else "first")
    seed = DEFAULT_SAMPLE_SEED if request.sample_seed is None else request.sample_seed
    return {"order": order, "sample_seed": None if order == "first" else seed}


def _check_model(model: str, account_id: int, is_admin: bool) -> store.ConnectionInfo:
    name, slash, model_id = model.partition("/")
    if not slash or not model_id.strip() or not name:
        raise Invalid(
            f"{model!r} does not name a model.",
            fields={"model": ["Write it as connection/model, for example openai/gpt-4o-mini."]},
        )
    found = {info.name: info for info in store.list_connections(account_id, is_admin)}
    if name not in found:
        known = ", ".join(sorted(found)) or "none yet"
        raise Invalid(
            f"You have no connection called {name!r}.",
            fields={"model": [f"You have no connection called {name!r} (you have: {known})."]},
            action="Add it in Settings → Connections.",
        )
    return found[name]


def _config(
    request: RunRequest,
    protocol: Protocol,
    connection: store.ConnectionInfo,
    judge: str | None,
    settings: Settings,
) -> dict[str, Any]:
    generation = protocol.generation
    defaults: dict[str, Any] = {
        "limit": None,
        "epochs": protocol.epochs,
        "temperature": generation.temperature,
        "top_p": generation.top_p,
        "max_tokens": generation.max_tokens,
        "seed": generation.seed,
        "stop": list(generation.stop),
        **dict.fromkeys(_UNSET),
        "timeout_s": connection.timeout_s,
        "max_connections": connection.max_connections,
        "max_retries": connection.max_retries,
        "stream": connection.stream,
        "budget_usd": None,
        "max_error_rate": settings.max_error_rate,
    }
    return {**defaults, **request.options(), "protocol": protocol.name, "judge": judge}
