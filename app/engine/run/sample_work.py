"""The work on one sample: call the model, retry if needed, score the answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Event
from typing import Any, Literal

from app.disk import is_full
from app.engine.clients.base import ModelClient
from app.engine.disk_full import DISK_FULL
from app.engine.engine_errors import ModelCallError
from app.engine.outcomes import is_empty, is_only_reasoning, is_refused, outcome_of_reply
from app.engine.run.budget import BudgetReachedError
from app.engine.run.missing_answers import (
    ONLY_REASONING,
    cut_while_thinking,
    only_reasoning,
    refused,
    refused_request,
    stop_of_only_reasoning,
    warning_of_only_reasoning,
)
from app.engine.run.plan import BudgetGuard, RunEvent, RunPlan
from app.engine.run.tally import Tally
from app.engine.run.throttle import Throttle
from app.engine.sandbox.sandbox import SandboxUnavailableError
from app.engine.scorers.reasoning import split_thoughts
from app.engine.served_models import is_same_model, other_model
from app.engine.types import (
    CallFailure,
    Generation,
    ModelReply,
    ModelRequest,
    Outcome,
    Sample,
    SampleResult,
    Served,
    TokenUsage,
    Verdict,
)
from app.net.byte_budget import UNBOUNDED, Hold
from app.net.call_errors import CallError, Canceled
from app.net.retry import Retry, asks_too_long, call_with_retries

_ENOUGH_WITHOUT_ANSWER = 5
"""So many replies of reasoning alone, and none with an answer, end a run: all will be so."""

_MOST_SERVED = 20
_SEEDS = 2**31
_LONG_PROMPT_CHARS = 8_000
_CHARS_PER_TOKEN_AT_MOST = 12

ServedBy = tuple[str | None, str | None]
"""The model that answered and its fingerprint, in the server's words."""


@dataclass(frozen=True, slots=True)
class Task:
    """One sample in one epoch; ``index`` is its place in the dataset, from 0.

    Attributes:
        prompt: Counts what is sent.
        answer: Counts what comes back.
    """

    sample: Sample
    epoch: int
    index: int
    prompt: Hold = field(default_factory=UNBOUNDED.hold, compare=False)
    answer: Hold = field(default_factory=UNBOUNDED.hold, compare=False)

    def release(self) -> None:
        """Release the memory of the task."""
        self.answer.release()
        self.prompt.release()


@dataclass(slots=True)
class _Tries:
    made: int = 0
    latency_s: float = 0.0
    failed_usage: list[TokenUsage] = field(default_factory=list)
    reserved_usd: float = 0.0


class SampleWork:
    """Asks and scores samples. Thread-safe.

    Args:
        plan: The run.
        client: The model.
        halt: Ends waits and keeps further calls from being made.
        throttle: Holds calls back.
        tally: Counts.
        emit: Takes events.
        stop: Ends the run early, as ``paused`` or ``failed``.
    """

    def __init__(
        self,
        plan: RunPlan,
        client: ModelClient,
        halt: Event,
        *,
        throttle: Throttle,
        tally: Tally,
        emit: Callable[[RunEvent], None],
        stop: Callable[[Literal["paused", "failed"], CallFailure], None],
    ) -> None:
        self._plan = plan
        self._client = client
        self._halt = halt
        self._throttle = throttle
        self._tally = tally
        self._emit = emit
        self._stop = stop
        self._served = set(plan.served)
        self._generations = [_of_epoch(plan.generation, epoch) for epoch in range(plan.epochs)]

    def work(self, task: Task) -> SampleResult | None:
        """Return the result of a task; ``None`` if it must be done again."""
        plan = self._plan
        generation = self._generations[task.epoch - 1]
        request = ModelRequest(task.sample, task.epoch, generation, plan.timeout_s, task.answer)
        if plan.budget is None:
            return self._work(task, request, _Tries())
        return self._work_within(plan.budget, task, request)

    def _work_within(
        self, budget: BudgetGuard, task: Task, request: ModelRequest
    ) -> SampleResult | None:
        try:
            attempts = _Tries(reserved_usd=budget.reserve(request, self._halt))
        except BudgetReachedError as error:
            self._stop("paused", error.failure)
            return None
        except Canceled:
            return None
        result: SampleResult | None = None
        try:
            result = self._work(task, request, attempts)
        finally:
            budget.settle(attempts.reserved_usd, request, result)
        return result

    def _work(self, task: Task, request: ModelRequest, attempts: _Tries) -> SampleResult | None:
        try:
            reply = call_with_retries(
                lambda: self._ask(request, attempts),
                self._plan.retry,
                self._halt,
                on_retry=lambda retry: self._note_retry(task, retry),
                may_retry=lambda error: self._may_retry(error, request, attempts),
            )
        except Canceled:
            return None
        except CallError as error:
            return self._give_up(task, error, attempts)
        return self._score(task, reply, attempts)

    def _may_retry(self, error: CallError, request: ModelRequest, attempts: _Tries) -> bool:
        """Return whether a call may be repeated, also by the budget if the failed one is billed."""
        if not self._tally.may_retry(error):
            return False
        budget = self._plan.budget
        if budget is None or not isinstance(error, ModelCallError) or error.usage is None:
            return True
        further_usd = budget.reserve_further(request, error.usage)
        attempts.reserved_usd += further_usd or 0.0
        return further_usd is not None

    def _ask(self, request: ModelRequest, attempts: _Tries) -> ModelReply:
        request.hold.release()  # of an attempt before this one
        self._throttle.acquire(self._halt)
        try:
            self._plan.permit.await_valid(self._halt)
            if self._halt.is_set():
                raise Canceled
            attempts.made += 1
            self._tally.count_call()
            started = time.perf_counter()
            reply = self._client.complete(request, self._halt)
            attempts.latency_s = time.perf_counter() - started
            self._check_served(reply)
            self._throttle.on_success()
        except ModelCallError as error:
            if error.usage is not None:
                attempts.failed_usage.append(error.usage)
            if error.code == "rate_limit":
                self._throttle.on_rate_limited(error.retry_after_s)
            raise
        return reply

    def _give_up(self, task: Task, error: CallError, attempts: _Tries) -> SampleResult | None:
        message = error.message
        if error.retryable and attempts.made > 1:
            message = f"{message} Gave up after {attempts.made} attempts."
        failure = CallFailure(error.code, message, error.action)
        if asks_too_long(self._plan.retry, error):
            self._stop("paused", _reset_failure(error))
            return None
        scope = error.scope if isinstance(error, ModelCallError) else "sample"
        if scope != "sample":
            self._stop("paused" if scope == "pause" else "failed", failure)
            return None
        if isinstance(error, ModelCallError) and error.counts_as_refusal:
            self._tally.count_success()
            unscored = Verdict(0.0, None, refused_request())
            return _result(task, Outcome.REFUSED, 0.0, attempts, verdict=unscored, error=failure)
        self._count_failure(failure)
        return _result(task, Outcome.ERROR, None, attempts, error=failure)

    def _score(self, task: Task, reply: ModelReply, attempts: _Tries) -> SampleResult | None:
        if is_only_reasoning(reply):
            return self._miss_answer(task, reply, attempts)
        # What was refused is not scored: a judge would be paid for a verdict that does not count.
        is_scored = not is_refused(reply)
        verdict = self._verdict(task, reply) if is_scored else Verdict(0.0, None, refused(reply))
        if verdict is None:
            return None
        if reply.finish_reason == "length":
            verdict = self._check_cut(reply, verdict)
        elif is_empty(reply):
            self._tally.count_empty()
        outcome, score = outcome_of_reply(reply, verdict)
        failure = None
        if outcome is Outcome.ERROR:
            failure = _scoring_failure(verdict)
            self._count_failure(failure, verdict.detail.get("judge_error"))
        else:
            self._tally.count_success()
        self._check_prompt_size(task, reply)
        return _result(task, outcome, score, attempts, reply, verdict, failure)

    def _check_cut(self, reply: ModelReply, verdict: Verdict) -> Verdict:
        """Count a cut reply; one without an answer says in its verdict where the tokens went."""
        has_answer = bool(split_thoughts(reply.text).answer)
        self._tally.count_truncated(has_answer=has_answer)
        return verdict if has_answer else replace(verdict, explanation=cut_while_thinking(reply))

    def _miss_answer(self, task: Task, reply: ModelReply, attempts: _Tries) -> SampleResult:
        """Return the result of a sample whose answer the server took for thinking."""
        failure = only_reasoning(reply)
        if self._tally.first(ONLY_REASONING):
            self._warn(ONLY_REASONING, warning_of_only_reasoning(reply))
        count = self._tally.count_only_reasoning()
        if count >= _ENOUGH_WITHOUT_ANSWER and not self._tally.answered:
            self._stop("failed", stop_of_only_reasoning(count, reply))
        self._count_failure(failure)
        return _result(task, Outcome.ERROR, None, attempts, reply, error=failure)

    def _verdict(self, task: Task, reply: ModelReply) -> Verdict | None:
        """Return the scorer's verdict; ``None`` if the run is stopping."""
        try:
            return self._plan.scorer(reply.text, task.sample)
        except Canceled:
            return None
        except ModelCallError as error:  # only a judge's: see JudgeCalls
            if error.scope != "sample":
                failure = CallFailure(error.code, error.message, error.action)
                self._stop("paused" if error.scope == "pause" else "failed", failure)
                return None
            detail = {"judge_error": error.code}
            return Verdict(None, None, error.message, detail, error.usage)
        except SandboxUnavailableError as error:
            self._stop("failed", CallFailure(error.code, error.message, error.action))
            return None
        except Exception as error:  # noqa: BLE001 - a scorer's bug costs one sample, not the run
            if isinstance(error, OSError) and is_full(error):  # no scorer's bug, and no verdict
                self._stop("paused", DISK_FULL)
                return None
            return Verdict(score=None, answer=None, explanation=type(error).__name__)

    def _count_failure(self, failure: CallFailure, cause: str | None = None) -> None:
        tally, plan = self._tally, self._plan
        tally.count_failure(cause or failure.code)
        if tally.transient_in_row >= plan.pause_after_transient:
            self._stop("paused", failure)
        elif tally.errors_in_row >= plan.fail_after_errors:
            self._stop("failed", failure)

    def _note_retry(self, task: Task, retry: Retry) -> None:
        code = retry.error.code
        self._emit(
            RunEvent(
                "retry",
                datetime.now(UTC),
                code,
                retry.error.message,
                sample_id=task.sample.id,
                epoch=task.epoch,
                attempt=retry.attempt,
                wait_s=retry.wait_s,
            )
        )
        if code in ("timeout", "connection") and self._tally.first("billed_twice"):
            self._warn(
                "billed_twice",
                "A call was lost after it was sent; the provider may bill its tokens twice.",
            )

    def _check_prompt_size(self, task: Task, reply: ModelReply) -> None:
        """Warn of a server that cut the prompt silently, as Ollama does beyond num_ctx."""
        counted = reply.usage.input_tokens
        if counted is None:
            return
        size = sum(len(message["content"]) for message in task.sample.messages)
        too_few = counted * _CHARS_PER_TOKEN_AT_MOST < size
        if size >= _LONG_PROMPT_CHARS and too_few and self._tally.first("prompt_cut"):
            self._warn(
                "prompt_cut",
                f"The server counted only {counted:,} tokens in a prompt of {size:,} "
                "characters: it may have cut it. Raise its context length (Ollama: num_ctx).",
            )

    def _check_served(self, reply: ModelReply) -> None:
        """Warn of a server that answers with another model, or with another one than before."""
        served = (reply.model, reply.fingerprint)
        if served == (None, None):  # it does not say, which is no change
            return
        if served in self._served or len(self._served) >= _MOST_SERVED:
            return
        if not self._tally.first(f"served {served}"):
            return
        model, asked = reply.model, self._plan.model
        is_other = bool(model and asked) and not is_same_model(asked, model or "")
        if is_other and self._tally.first(f"served {model}"):
            self._warn("other_model", other_model(asked, model or ""))
        if self._served and self._tally.first("model_changed"):
            self._warn("model_changed", _changed(next(iter(self._served)), served))
        self._served.add(served)

    def _warn(self, code: str, message: str) -> None:
        self._emit(RunEvent("warning", datetime.now(UTC), code, message))


def _of_epoch(generation: Generation, earlier: int) -> Generation:
    """Return the parameters of an epoch: the same seed would have each repeat the first."""
    if generation.seed is None or not earlier:
        return generation
    return replace(generation, seed=(generation.seed + earlier) % _SEEDS)


def _changed(before: ServedBy, now: ServedBy) -> str:
    return (
        f"What answers changed during the run: {_served_words(before)} before, "
        f"{_served_words(now)} now. See who answered in each sample."
    )


def _served_words(served: ServedBy) -> str:
    model, fingerprint = served
    mark = f"fingerprint {fingerprint}" if fingerprint else ""
    return " with ".join(part for part in (model, mark) if part) or "no name"


def _scoring_failure(verdict: Verdict) -> CallFailure:
    if "judge_error" in verdict.detail:
        return CallFailure(
            "judge_failed",
            f"The answer was not judged. {verdict.explanation}",
            "The answer is kept unscored, not wrong. Retry errors once the judge works.",
        )
    return CallFailure(
        "scoring_failed",
        f"The answer could not be scored: {verdict.explanation or 'no reason given'}",
        "Read the completion, and score it again once the scorer works.",
    )


def _reset_failure(error: CallError) -> CallFailure:
    wait_s = error.retry_after_s or 0.0
    at = datetime.fromtimestamp(time.time() + wait_s, UTC)
    return CallFailure(
        error.code,
        f"{error.message} It asks to wait until {at:%Y-%m-%d %H:%M} UTC.",
        "Resume then; the finished samples are kept.",
    )


def _result(
    task: Task,
    outcome: Outcome,
    score: float | None,
    attempts: _Tries,
    reply: ModelReply | None = None,
    verdict: Verdict | None = None,
    error: CallFailure | None = None,
) -> SampleResult:
    reply_fields: dict[str, Any] = {
        "completion": "",
        "finish_reason": None,
        "latency_ms": None,
        "reasoning": "",
        "served": None,
    }
    if reply is not None:
        reply_fields = {
            "completion": reply.text,
            "finish_reason": reply.finish_reason,
            "latency_ms": round(attempts.latency_s * 1000),
            "usage": reply.usage,
            "reasoning": reply.reasoning,
            "served": Served(reply.model, reply.fingerprint, reply.request_id),
            "speed": reply.speed,
        }
    scored = verdict or Verdict(score=None, answer=None)
    return SampleResult(
        sample=task.sample,
        epoch=task.epoch,
        index=task.index,
        outcome=outcome,
        score=score,
        answer=scored.answer,
        explanation=scored.explanation,
        attempts=attempts.made,
        detail=scored.detail,
        judge_usage=scored.judge_usage,
        error=error,
        failed_usage=tuple(attempts.failed_usage),
        **reply_fields,
    )
