"""Results as rows of the database."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection

from app.db import now
from app.engine.questions import PromptShape
from app.engine.run.plan import RunEvent
from app.engine.token_sums import sum_known, sum_usage
from app.engine.types import UNKNOWN_USAGE, Message, SampleResult, Served, TokenUsage
from app.models import SampleRow

_NOBODY = Served(None, None, None)


CostOf = Callable[[TokenUsage], float | None]
"""USD of one call; ``None`` where its usage is not known."""


CALLS_WITHOUT_USAGE = "calls_without_usage"
"""In the detail of a sample: of its calls that failed after they had generated something, and of
its answer, so many without a count of their tokens; those of the others are its tokens."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What the calls of a sample used and cost; ``None``: nobody was asked, or it is not known.

    Attributes:
        attempts: Tries, also those that nobody bills.
        usage: Of all that generated something.
        cost_usd: As far as it is known.
        judge_usage: The same of the judge.
        judge_cost_usd: As above.
    """

    attempts: int = 0
    usage: TokenUsage | None = None
    cost_usd: float | None = None
    judge_usage: TokenUsage | None = None
    judge_cost_usd: float | None = None

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.attempts + other.attempts,
            _both(self.usage, other.usage),
            sum_known((self.cost_usd, other.cost_usd)),
            _both(self.judge_usage, other.judge_usage),
            sum_known((self.judge_cost_usd, other.judge_cost_usd)),
        )


@dataclass(frozen=True, slots=True)
class ReplacedRow:
    """A row that is to be replaced: its outcome, and what its calls used, which counts on."""

    outcome: str
    spent: Spent = field(default_factory=Spent)


@dataclass(frozen=True, slots=True)
class PricedResult:
    """A result with what it cost."""

    result: SampleResult
    spent: Spent


def price_result(
    result: SampleResult, cost_of: CostOf | None, judge_cost_of: CostOf | None
) -> PricedResult:
    """Return the result with its cost, which it keeps whatever prices become."""
    billed, judged = result.billed, result.judge_usage
    spent = Spent(
        result.attempts,
        sum_usage(billed) if billed else None,
        sum_known([cost_of(usage) for usage in billed]) if cost_of else None,
        judged,
        judge_cost_of(judged) if judged and judge_cost_of else None,
    )
    return PricedResult(result, spent)


def _both(one: TokenUsage | None, other: TokenUsage | None) -> TokenUsage | None:
    calls = [usage for usage in (one, other) if usage is not None]
    return sum_usage(calls) if calls else None


def sample_row(run_id: str, priced: PricedResult, shape: PromptShape) -> dict[str, Any]:
    """Return a result as a row; ``shape`` says where the question stands in its prompt."""
    result, spent = priced.result, priced.spent
    usage, judge_usage = spent.usage or UNKNOWN_USAGE, spent.judge_usage
    target = result.sample.target
    served, speed = result.served or _NOBODY, result.speed
    return {
        "run_id": run_id,
        "sample_id": result.sample.id,
        "epoch": result.epoch,
        "position": result.index,
        "category": result.sample.category,
        "outcome": str(result.outcome),
        "score": result.score,
        "input": list(result.sample.messages),
        "question": _question_apart(result.sample.messages, shape),
        "target": target if isinstance(target, str) else list(target),
        "completion": _storable(result.completion),
        "reasoning": _storable(result.reasoning) or None,
        "answer": None if result.answer is None else _storable(result.answer),
        "explanation": _storable(result.explanation),
        "detail": _detail(result, spent.usage),
        "finish_reason": result.finish_reason,
        "latency_ms": result.latency_ms,
        "first_token_s": speed.first_token_s if speed else None,
        "output_tokens_per_s": speed.output_tokens_per_s if speed else None,
        "input_tokens": usage.input_tokens,
        "cached_input_tokens": usage.cached_input_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cost_usd": spent.cost_usd,
        "judge_input_tokens": (judge_usage.input_tokens or 0) if judge_usage else 0,
        "judge_output_tokens": (judge_usage.output_tokens or 0) if judge_usage else 0,
        "judge_cost_usd": spent.judge_cost_usd,
        "attempts": spent.attempts,
        "served_model": served.model,
        "fingerprint": served.fingerprint,
        "reply_id": served.reply_id,
        "error": result.error
        and {
            "code": result.error.code,
            "message": result.error.message,
            "action": result.error.action,
        },
        "created_at": now(),
    }


def _detail(result: SampleResult, usage: TokenUsage | None) -> dict[str, Any]:
    """Return the detail of a verdict, and what the columns cannot tell of the tokens."""
    detail = dict(result.detail)
    if usage is None or usage.is_known or (usage is result.usage and result.finish_reason):
        return detail
    return {**detail, CALLS_WITHOUT_USAGE: usage.uncounted or 1}


def _question_apart(messages: Sequence[Message], shape: PromptShape) -> str | None:
    """Return the question, for search and lists; ``None`` where the prompt is nothing else."""
    question = shape.question_in(messages)
    is_all = len(messages) == 1 and len(question) == len(messages[0]["content"])
    return None if is_all else _storable(question)


def _storable(text: str) -> str:
    """Return ``text`` without NUL and surrogates, which databases cannot store."""
    stored = text.replace("\0", "\ufffd")
    return stored if stored.isascii() else stored.encode("utf-8", "replace").decode("utf-8")


_ROW_BYTES = 200  # numbers, times and what the database adds to each row


def stored_bytes(row: Mapping[str, Any]) -> int:
    """Return approximately how many bytes of disk a row takes."""
    return _ROW_BYTES + sum(_size(value) for value in row.values() if type(value) in _SIZED)


_SIZED = frozenset((str, dict, list))


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode())
    # As the database gets it, where each character beyond ASCII takes six bytes.
    return len(json.dumps(value))


def upsert_samples(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Insert rows; an earlier ``error`` of the same sample is replaced, anything else stays."""
    make = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
    statement = make(SampleRow)
    replace = {
        name: statement.excluded[name]
        for name in rows[0]
        if name not in ("run_id", "sample_id", "epoch")
    }
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["run_id", "sample_id", "epoch"],
            set_=replace,
            where=SampleRow.outcome == "error",
        ),
        rows,
    )


def event_row(run_id: str, event: RunEvent) -> dict[str, Any]:
    """Return a line of the run's log as a row."""
    return {
        "run_id": run_id,
        "at": now(),
        "kind": event.kind,
        "message": _storable(event.message),
        "data": {
            name: value
            for name, value in (
                ("sample_id", event.sample_id),
                ("attempt", event.attempt),
                ("code", event.code),
                ("wait_s", event.wait_s),
                ("change", event.change),
            )
            if value is not None
        },
    }
