"""Calls of a judge: the second model that some scorers ask, with retries of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import BoundedSemaphore, Event

from app.engine.call_permit import CallPermit
from app.engine.clients.base import ModelClient
from app.engine.clients.request_changes import Notice
from app.engine.engine_errors import ModelCallError
from app.engine.run.plan import RunEvent
from app.engine.run.throttle import LocalThrottle, Throttle
from app.engine.token_sums import sum_usage
from app.engine.types import Generation, Message, ModelReply, ModelRequest, Sample, TokenUsage
from app.net.call_errors import Canceled
from app.net.retry import Retry, RetryPolicy, asks_too_long, call_with_retries

MAX_JUDGE_TOKENS = 2048
"""Longest reply of a judge; a verdict is short, but some judges think first."""

JUDGE_GENERATION = Generation(temperature=0.0, max_tokens=MAX_JUDGE_TOKENS)

_LOOK_EVERY_S = 0.25


@dataclass(slots=True)
class JudgeCalls:
    """A ``Judge`` (see ``app.engine.scorers.judge``) on top of a client. Thread-safe.

    Attributes:
        name: What messages call it: ``connection/model``.
        client: The judge model; the caller closes it.
        timeout_s: For one attempt.
        retry: How failed calls are repeated.
        max_connections: Calls at a time.
        generation: Sampling parameters.
        throttle: Holds calls back.
    """

    name: str
    client: ModelClient
    timeout_s: float = 120.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    max_connections: int = 16
    generation: Generation = JUDGE_GENERATION
    throttle: Throttle = field(default_factory=LocalThrottle)
    _halt: Event = field(default_factory=Event)
    _permit: CallPermit = field(default_factory=CallPermit)
    _emit: Callable[[RunEvent], None] | None = None
    _slots: BoundedSemaphore = field(init=False)

    def __post_init__(self) -> None:
        self._slots = BoundedSemaphore(self.max_connections)

    def attach(
        self, halt: Event, emit: Callable[[RunEvent], None], permit: CallPermit | None = None
    ) -> None:
        """Attach the run's stop signal, log and call permit; called once."""
        self._halt, self._emit = halt, emit
        self._permit = permit or self._permit

    def notices(self) -> Sequence[Notice]:
        """Return what its client changed in its requests, named as the judge's."""
        notices: Sequence[Notice] = getattr(self.client, "notices", ())
        return [replace(each, message=f"The judge {self.name}: {each.message}") for each in notices]

    def __call__(self, messages: tuple[Message, ...]) -> ModelReply:
        """Ask the judge; the usage of its reply has that of tries whose generation failed.

        Raises:
            ModelCallError: It failed for good; ``scope`` says whether the run must stop.
            Canceled: The run was stopped meanwhile.
        """
        request = ModelRequest(Sample("judge", messages, ""), 1, self.generation, self.timeout_s)
        failed: list[TokenUsage] = []
        try:
            reply = call_with_retries(
                lambda: self._ask(request, failed),
                self.retry,
                self._halt,
                on_retry=self._note_retry,
            )
        except ModelCallError as error:
            raise self._named(error, sum_usage(failed) if failed else None) from error
        return replace(reply, usage=sum_usage([*failed, reply.usage])) if failed else reply

    def _ask(self, request: ModelRequest, failed: list[TokenUsage]) -> ModelReply:
        while not self._slots.acquire(timeout=_LOOK_EVERY_S):
            if self._halt.is_set():
                raise Canceled
        try:
            self.throttle.acquire(self._halt)
            self._permit.await_valid(self._halt)
            if self._halt.is_set():
                raise Canceled
            reply = self.client.complete(request, self._halt)
        except ModelCallError as error:
            if error.usage is not None:
                failed.append(error.usage)
            if error.code == "rate_limit":
                self.throttle.on_rate_limited(error.retry_after_s)
            raise
        finally:
            self._slots.release()
        self.throttle.on_success()
        return reply

    def _named(self, error: ModelCallError, usage: TokenUsage | None) -> ModelCallError:
        """Return the error as the judge's, so that it is not mistaken for the model's."""
        return ModelCallError(
            error.code,
            f"The judge {self.name}: {error.message}",
            scope="pause" if asks_too_long(self.retry, error) else error.scope,
            action=error.action,
            retry_after_s=error.retry_after_s,
            status=error.status,
            usage=usage,
        )

    def _note_retry(self, retry: Retry) -> None:
        if self._emit is not None:
            self._emit(
                RunEvent(
                    "retry",
                    datetime.now(UTC),
                    retry.error.code,
                    f"The judge {self.name}: {retry.error.message}",
                    attempt=retry.attempt,
                    wait_s=retry.wait_s,
                )
            )
