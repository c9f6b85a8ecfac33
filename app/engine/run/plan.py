"""The plan of a run, and the protocols of what it works with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from typing import Any, Literal, Protocol

from app.engine.call_memory import CallMemory
from app.engine.call_permit import CallPermit
from app.engine.clients.classify import RETRY_ONCE
from app.engine.clients.request_changes import Notice
from app.engine.run.throttle import Throttle
from app.engine.types import (
    CallFailure,
    Generation,
    ModelRequest,
    Sample,
    SampleResult,
    Scorer,
    TokenUsage,
)
from app.net.retry import RetryPolicy, window_of


def retry_policy(max_retries: int) -> RetryPolicy:
    """Return how the calls of a run, or of its judge, are repeated."""
    return RetryPolicy(max_retries, once=RETRY_ONCE, window_s=window_of(max_retries))


EventKind = Literal["retry", "wait", "warning", "error"]


RATE_LIMITED = "The provider limits the rate of calls"
"""What a run says while its calls are held back."""


@dataclass(frozen=True, slots=True)
class RunEvent:
    """A line of the run's log.

    Attributes:
        kind: ``retry``: a call will be repeated. ``wait``: calls are held back. ``warning``:
            something to look at. ``error``: why the run ends early.
        at: Aware UTC.
        code: Of the error, or of the warning.
        message: For readers; never holds a prompt, a completion or a key.
        sample_id: ``None`` for events of the whole run.
        epoch: As above.
        attempt: The number of the failed attempt, from 1.
        wait_s: How long the run waits.
        change: Of a warning that a resumed run must remember: what a client changed.
    """

    kind: EventKind
    at: datetime
    code: str
    message: str
    sample_id: str | None = None
    epoch: int | None = None
    attempt: int | None = None
    wait_s: float | None = None
    change: Mapping[str, Any] | None = None


class Recorder(Protocol):
    """Records results. Always called from the thread that called the runner."""

    def record(self, results: Sequence[SampleResult], events: Sequence[RunEvent]) -> bool:
        """Record a batch in one transaction; empty ones serve as heartbeats.

        Returns:
            ``False`` to stop the run: canceled, or the lease was lost.
        """
        ...

    def publish(self) -> None:
        """Publish what was recorded since the last call; called less often."""
        ...


class BudgetGuard(Protocol):
    """Decides whether a sample may still be paid for (``app.engine.run.budget``). Thread-safe."""

    def reserve(self, request: ModelRequest, halt: Event) -> float:
        """Reserve money for a sample, in USD; every return is followed by one ``settle``.

        Raises:
            BudgetReachedError: The run must pause.
            Canceled: ``halt`` was set while waiting.
        """
        ...

    def reserve_further(self, request: ModelRequest, failed: TokenUsage) -> float | None:
        """Reserve money for one more try after a billed one; ``None``: there is not enough.

        What it returns is settled with what ``reserve`` returned.
        """
        ...

    def settle(
        self, reserved_usd: float, request: ModelRequest, result: SampleResult | None
    ) -> None:
        """Book the actual cost of the sample; ``None`` if it has no result."""
        ...


class JudgeSeat(Protocol):
    """The judge of a run whose scorer asks one (``app.engine.run.judging``)."""

    def attach(
        self, halt: Event, emit: Callable[[RunEvent], None], permit: CallPermit | None = None
    ) -> None:
        """Attach the run's stop signal, log and call permit."""
        ...

    def notices(self) -> Sequence[Notice]:
        """Return what the judge's client changed in its requests, so far."""
        ...


@dataclass(frozen=True, slots=True)
class RunPlan:
    """Everything that a run needs besides a client and a recorder.

    Attributes:
        samples: The samples, or a function that returns them; read lazily and once.
        scorer: Judges completions; called from many threads.
        generation: Sampling parameters.
        epochs: How often each sample is asked; epochs are numbered from 1.
        model: What the client asks for; empty where what answers need not be watched.
        served: ``(model, fingerprint)`` of replies that are on record already.
        finished: ``(sample id, epoch)`` that are on record already and are left out.
        max_connections: Calls at a time.
        retry: How failed calls are repeated.
        timeout_s: For one attempt, connecting included.
        budget: ``None``: no limit.
        judge: The model that ``scorer`` asks; ``None`` where it asks none.
        throttle: ``None``: one of this process alone.
        memory: What calls may hold at a time.
        permit: Asked before every call: while it is not valid, none is made.
        max_retry_share: Retries allowed per call made (those for rate limits are governed by
            the throttle and not counted), so that a struggling provider is not hit harder.
        pause_after_transient: So many samples in a row given up for transient failures pause
            the run: the provider is down.
        fail_after_errors: So many samples in a row with other errors fail it: nothing works.
        stop_grace_s: Calls under way when a run is stopped may finish for so long.
        leave_grace_s: The same when it only makes room: nothing is asked twice in a hurry.
        flush_every_s: Results wait at most so long for their commit. Short, because an answer
            that a killed worker had not committed is paid for again.
        flush_at: So many results are committed at once, at most.
        publish_every_s: What was recorded is published this often, at most.
        heartbeat_s: The recorder is called at least this often.
        max_unrecorded: With so many results waiting, no further call is made.
    """

    samples: Iterable[Sample] | Callable[[], Iterable[Sample]]
    scorer: Scorer
    generation: Generation = field(default_factory=Generation)
    epochs: int = 1
    model: str = ""
    served: AbstractSet[tuple[str | None, str | None]] = frozenset()
    finished: AbstractSet[tuple[str, int]] = frozenset()
    max_connections: int = 10
    retry: RetryPolicy = field(default_factory=lambda: RetryPolicy(once=RETRY_ONCE))
    timeout_s: float = 60.0
    budget: BudgetGuard | None = None
    judge: JudgeSeat | None = None
    throttle: Throttle | None = None
    memory: CallMemory = field(default_factory=CallMemory)
    permit: CallPermit = field(default_factory=CallPermit)
    max_retry_share: float = 0.2
    pause_after_transient: int = 20
    fail_after_errors: int = 20
    stop_grace_s: float = 2.0
    leave_grace_s: float = 120.0
    flush_every_s: float = 0.02
    flush_at: int = 200
    publish_every_s: float = 0.25
    heartbeat_s: float = 1.0
    max_unrecorded: int = 2_000


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ended.

    Attributes:
        reason: ``completed``: every sample has a result, some perhaps with outcome
            ``error``. ``stopped``: canceled, or the recorder said so. ``paused``: the account
            must act, or the provider is down. ``failed``: nothing can succeed.
        error: Why it paused or failed.
        calls: Attempts made.
        retries: How many of them were repetitions.
    """

    reason: Literal["completed", "stopped", "paused", "failed"]
    error: CallFailure | None = None
    calls: int = 0
    retries: int = 0
