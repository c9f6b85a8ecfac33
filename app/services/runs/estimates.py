"""Estimates a run's calls, tokens, cost and duration, each as a range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from sqlalchemy import select

from app.config import Settings
from app.db import db
from app.engine.run.budget import JUDGE_PROMPT_TOKENS
from app.engine.run.system_message import with_system_message
from app.engine.token_counts import count_tokens
from app.models import Run, SampleRow
from app.models.run import full_config
from app.queries.sample_parts import sample_part
from app.services.connections.tariffs import find_tariff, tariff_at
from app.services.runs.checks import RunSpec
from app.services.runs.run_settings import selection_of

MIN_HISTORY = 20
"""Fewer answered samples than this say nothing about the next ones."""

HISTORY_RUNS = 3
HISTORY_LOOKED_AT = 20
HISTORY_SAMPLES = 1000
SIMILAR_RUNS = 10
SIMILAR_MARGIN = 0.25
"""Another model may be wordier, or terser, than those that were run."""

SIMILAR_ERRORS = 0.05
"""A run with a larger share does not say how long answers are: its tokens are also those of
generations that failed."""


_JUDGE_PROMPT = (300.0, float(JUDGE_PROMPT_TOKENS))
_JUDGE_REPLY = (2.0, 300.0)
"""Tokens of a judge's instructions and of its verdict: a letter, or some reasoning first."""

DEFAULT_LATENCY_S = (0.8, 6.0)
"""One call of a hosted model, where nothing was measured yet."""


@dataclass(frozen=True, slots=True)
class Range:
    """A low and a high estimate."""

    low: float
    high: float

    def plus(self, other: Range) -> Range:
        """Return the sums of both ends."""
        return Range(self.low + other.low, self.high + other.high)

    def times(self, factor: float) -> Range:
        """Return both ends multiplied."""
        return Range(self.low * factor, self.high * factor)

    def view(self, digits: int = 0) -> dict[str, float]:
        """Return both ends rounded."""
        if digits:
            return {"low": round(self.low, digits), "high": round(self.high, digits)}
        return {"low": round(self.low), "high": round(self.high)}

    def money(self) -> dict[str, float]:
        """Return both ends to six figures: a small amount is never rounded to nothing."""
        return {"low": float(f"{self.low:.6g}"), "high": float(f"{self.high:.6g}")}


def estimate_run(spec: RunSpec, account_id: int, settings: Settings) -> dict[str, Any]:
    """Return the estimate of a run, as the API shows it beside the preflight's checks."""
    calls = spec.total
    tokens_in, basis_in = _input_tokens(spec, settings)
    history = _history(account_id, spec)
    tokens_out, basis_out = _output_tokens(account_id, spec, history)
    latency = history.latency if history else Range(*DEFAULT_LATENCY_S)
    tariff = tariff_at(spec.connection, spec.model.partition("/")[2])
    low, high = (
        tariff.cost_usd(round(tokens_in * calls), round(each * calls), calls)
        for each in (tokens_out.low, tokens_out.high)
    )
    cost = None if low is None or high is None else Range(low, high)
    return {
        "samples": calls // spec.config["epochs"],
        "calls": calls,
        "input_tokens": round(tokens_in * calls),
        "output_tokens": tokens_out.times(calls).view(),
        "cost_usd": cost.money() if cost else None,
        "judge_cost_usd": _judge_cost(account_id, spec, tokens_in, tokens_out, calls),
        "price_known": cost is not None,
        "price_source": tariff.source,
        "duration_s": _duration(spec, latency, calls).view(1),
        "basis": f"{basis_in}; {basis_out}",
    }


def _judge_cost(
    account_id: int, spec: RunSpec, tokens_in: float, tokens_out: Range, calls: int
) -> dict[str, float] | None:
    """Return the judge's estimated cost; ``None`` without a judge or a known price."""
    judge = spec.config["judge"]
    if judge is None:
        return None
    read = Range(tokens_in, tokens_in).plus(tokens_out).plus(Range(*_JUDGE_PROMPT))
    tariff = find_tariff(account_id, judge)
    low, high = (
        tariff.cost_usd(round(each * calls), round(reply * calls), calls)
        for each, reply in zip((read.low, read.high), _JUDGE_REPLY, strict=True)
    )
    return None if low is None or high is None else Range(low, high).money()


@dataclass(frozen=True, slots=True)
class _History:
    samples: int
    output: Range
    latency: Range


def _history(account_id: int, spec: RunSpec) -> _History | None:
    """Return averages of the account's latest runs like this one, of this benchmark and model."""
    found = db.session.execute(
        select(Run.id, Run.config)
        .where(
            Run.user_id == account_id,
            Run.benchmark == spec.benchmark.name,
            Run.model == spec.model,
            Run.done >= MIN_HISTORY,
        )
        .order_by(Run.created_at.desc())
        .limit(HISTORY_LOOKED_AT)
    )
    configs = {run_id: full_config(config) for run_id, config in found}
    alike = [run_id for run_id, config in configs.items() if _thinks_alike(config, spec.config)]
    # The first samples are often of one kind: runs of the same part come first.
    is_first = _takes_first_only(spec.config)
    alike.sort(key=lambda run_id: _takes_first_only(configs[run_id]) != is_first)
    latest = alike[:HISTORY_RUNS]
    rows = db.session.execute(
        select(SampleRow.output_tokens, SampleRow.latency_ms)
        .where(
            SampleRow.run_id.in_(latest),
            SampleRow.output_tokens.is_not(None),
            SampleRow.latency_ms.is_not(None),
        )
        .limit(HISTORY_SAMPLES)
    ).all()
    if len(rows) < MIN_HISTORY:
        return None
    tokens = [float(row.output_tokens or 0) for row in rows]
    seconds = fmean(float(row.latency_ms or 0) for row in rows) / 1000
    mean = fmean(tokens)
    # The mean of the next run lies within a few standard errors; never closer than 5 %.
    margin = max(0.05 * mean, 2 * stdev(tokens) / len(rows) ** 0.5)
    return _History(
        len(rows),
        Range(max(0.0, mean - margin), mean + margin),
        Range(seconds * 0.8, seconds * 1.5),
    )


def _thinks_alike(config: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    """Return whether a run says how long answers will be: not if its model thinks more or less."""
    return all(config[name] == asked[name] for name in ("reasoning_effort", "thinking_tokens"))


def _takes_first_only(config: Mapping[str, Any]) -> bool:
    return config["order"] == "first" and config["limit"] is not None


def _input_tokens(spec: RunSpec, settings: Settings) -> tuple[float, str]:
    part = sample_part(spec.benchmark, spec.protocol, settings, selection_of(spec.config))
    samples = list(with_system_message(part, spec.config["system_message"]))
    if not samples:
        return float(spec.benchmark.input_tokens), "input: the definition's average"
    model = spec.model.partition("/")[2]
    counted = [
        count_tokens("\n".join(message["content"] for message in sample.messages), model)
        for sample in samples
    ]
    method = counted[0][1]
    mean = sum(number for number, _ in counted) / len(counted)
    return mean, f"input: {len(samples)} real prompts counted ({method})"


def _other_models(account_id: int, spec: RunSpec) -> Range | None:
    """Return the answer lengths of the account's other models on this benchmark."""
    means = [
        tokens / done
        for tokens, done in db.session.execute(
            select(Run.output_tokens, Run.done - Run.error)
            .where(
                Run.user_id == account_id,
                Run.benchmark == spec.benchmark.name,
                Run.model != spec.model,
                Run.simulated.is_(spec.connection.simulated),
                Run.done - Run.error >= MIN_HISTORY,
                Run.error <= SIMILAR_ERRORS * Run.done,
                Run.output_tokens > 0,
            )
            .order_by(Run.created_at.desc())
            .limit(SIMILAR_RUNS)
        )
    ]
    if not means:
        return None
    return Range(min(means) * (1 - SIMILAR_MARGIN), max(means) * (1 + SIMILAR_MARGIN))


def _output_tokens(account_id: int, spec: RunSpec, history: _History | None) -> tuple[Range, str]:
    others = None if history else _other_models(account_id, spec)
    if history is not None:
        tokens, basis = history.output, f"output: {history.samples} earlier answers of this model"
    elif others is not None:
        tokens, basis = others, "output: your other models on this benchmark"
    else:
        tokens = Range(*map(float, spec.benchmark.output_tokens))
        basis = "output: the definition's averages"
    if history is None and spec.config["thinking_tokens"]:
        tokens = Range(tokens.low, tokens.high + spec.config["thinking_tokens"])
        basis += " and the thinking budget"
    most = spec.config["max_tokens"]
    if most:
        tokens = Range(min(tokens.low, most), min(tokens.high, most))
    return tokens, basis


def _duration(spec: RunSpec, latency: Range, calls: int) -> Range:
    at_once = min(spec.config["max_connections"], calls) or 1
    duration = latency.times(calls / at_once)
    per_minute = spec.connection.requests_per_minute
    if per_minute:
        floor = calls / per_minute * 60
        duration = Range(max(duration.low, floor), max(duration.high, floor))
    return duration
