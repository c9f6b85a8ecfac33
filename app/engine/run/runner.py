"""Runs a benchmark: threads call the model, one thread records the results."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from threading import Event, Lock
from typing import Literal, TypeVar

from app.engine.call_memory import prompt_bytes
from app.engine.clients.base import ModelClient
from app.engine.clients.request_changes import Notice
from app.engine.run.missing_answers import EMPTY_ANSWERS, warning_of_empty
from app.engine.run.plan import RATE_LIMITED, Recorder, RunEnd, RunEvent, RunPlan
from app.engine.run.sample_work import SampleWork, Task
from app.engine.run.stop_signal import StopSignal
from app.engine.run.tally import Tally
from app.engine.run.throttle import LocalThrottle
from app.engine.types import CallFailure, SampleResult

_TICK_S = 0.02
_JOIN_S = 5.0
_MOST_EVENTS = 1_000
_MOST_CHARS_AT_ONCE = 4_000_000
_SHOW_WAITS_FROM_S = 0.5
_SAME_WAIT_S = 1.0

_T = TypeVar("_T")


def run_benchmark(
    plan: RunPlan,
    client: ModelClient,
    recorder: Recorder,
    cancel: Event,
    leave: Event | None = None,
) -> RunEnd:
    """Ask the model every sample of a plan and have every result recorded.

    ``plan.max_connections`` threads take samples from the plan one by one; the calling thread
    hands their results to ``recorder`` in batches and returns when the run is over. Memory
    does not grow with the number of samples. When ``cancel`` is set, waits end at once and no
    further call is made; calls under way may finish within ``plan.stop_grace_s`` and are
    recorded, later ones are cut by closing ``client``.

    Args:
        plan: What to do.
        client: The model; the caller closes it.
        recorder: Keeps results and events, and may stop the run.
        cancel: Set by the caller, from any thread, to stop the run. Never set from here.
        leave: The same without hurry: calls under way may take ``plan.leave_grace_s``.

    Returns:
        How the run ended. Samples that have no result by then were not recorded.

    Raises:
        Exception: Whatever the samples' iterator, the client (other than ``ModelCallError``
            and ``Canceled``) or the recorder raised. Results so far are recorded, unless it
            was the recorder.
    """
    return _Run(plan, client, recorder, cancel, leave or Event()).run()


class _Run:
    def __init__(
        self,
        plan: RunPlan,
        client: ModelClient,
        recorder: Recorder,
        cancel: Event,
        leave: Event,
    ) -> None:
        self._plan = plan
        self._client = client
        self._recorder = recorder
        self._cancel = cancel
        self._leave = leave
        self._halt = StopSignal(cancel)  # no further sample
        self._rush = StopSignal(cancel)  # and the answers under way are not waited for
        self._tasks = _tasks(plan)
        self._lock = Lock()
        self._choosing = Lock()
        self._pending: deque[tuple[SampleResult, Task]] = deque()
        self._events: deque[RunEvent] = deque(maxlen=_MOST_EVENTS)
        self._working = plan.max_connections
        self._halted_at: float | None = None
        self._rushed_at: float | None = None
        self._unfinished = False
        self._end: RunEnd | None = None
        self._crash: BaseException | None = None
        self._notices_logged: Counter[str] = Counter()
        self._throttle = plan.throttle or LocalThrottle()
        self._wait_logged_until = 0.0
        self._tally = Tally(plan.max_retry_share, free_retries=max(50, 2 * plan.max_connections))
        self._work = SampleWork(
            plan,
            client,
            self._halt,
            throttle=self._throttle,
            tally=self._tally,
            emit=self._events.append,
            stop=self._stop,
        )
        if plan.judge is not None:
            plan.judge.attach(self._rush, self._events.append, plan.permit)
        self._threads = [
            threading.Thread(target=self._ask_samples, name=f"ask-{number}", daemon=True)
            for number in range(plan.max_connections)
        ]

    def run(self) -> RunEnd:
        try:
            for thread in self._threads:
                thread.start()
            self._record_results()
        except BaseException:
            self._hurry()
            self._join()
            raise
        self._join()
        self._warn_truncated()
        self._warn_empty()
        self._flush()
        self._recorder.publish()
        if self._crash is not None:
            raise self._crash
        return self._ended()

    # The asking threads

    def _ask_samples(self) -> None:
        try:
            while (task := self._next_task()) is not None:
                result = self._work.work(task)
                if result is None:
                    task.release()
                    self._unfinished = True
                else:
                    self._pending.append((result, task))
        except BaseException as error:  # noqa: BLE001 - raised again in the calling thread
            self._crash = self._crash or error
            self._hurry()
        finally:
            with self._lock:
                self._working -= 1

    def _next_task(self) -> Task | None:
        # Results that cannot be recorded must not be paid for: a full buffer stops the calls.
        while len(self._pending) >= self._plan.max_unrecorded:
            if self._halt.wait(0.05):
                break
        # One at a time waits for room: a prompt that is not counted yet is in memory, too.
        with self._choosing:
            task = next(self._tasks, None)
            if task is None:
                return None
            room = not self._halt.is_set() and task.prompt.reserve(
                prompt_bytes(task.sample), self._halt.is_set
            )
            if not room:
                self._unfinished = True
                return None
            return task

    def _stop(self, reason: Literal["paused", "failed"], failure: CallFailure) -> None:
        with self._lock:
            if self._end is None:
                self._end = RunEnd(reason, failure)
                self._events.append(
                    RunEvent("error", datetime.now(UTC), failure.code, failure.message)
                )
        self._hurry()

    # The calling thread

    def _record_results(self) -> None:
        plan = self._plan
        flushed_at = published_at = time.monotonic()
        is_unpublished = False
        while self._working:
            self._tick()
            now = time.monotonic()
            if self._is_due(now - flushed_at):
                self._flush()
                flushed_at, is_unpublished = now, True
            if is_unpublished and now - published_at >= plan.publish_every_s:
                self._recorder.publish()
                published_at, is_unpublished = now, False
            if self._leave.is_set() and not self._halt.is_set():
                self._halt.set()
            if self._is_grace_over(now):
                return

    def _is_grace_over(self, now: float) -> bool:
        """Return whether open calls had their time; a stop begins it anew, but shorter."""
        if self._halt.is_set() and self._halted_at is None:
            self._halted_at = now
        if self._rush.is_set() and self._rushed_at is None:
            self._rushed_at = now
        if self._rushed_at is not None:
            return now - self._rushed_at >= self._plan.stop_grace_s
        return self._halted_at is not None and now - self._halted_at >= self._plan.leave_grace_s

    def _hurry(self) -> None:
        self._rush.set()
        self._halt.set()

    def _tick(self) -> None:
        # A set event does not wait: without the sleep this would spin until the grace is over.
        if self._cancel.wait(_TICK_S):
            time.sleep(_TICK_S)

    def _is_due(self, since_s: float) -> bool:
        plan, waiting = self._plan, len(self._pending)
        if waiting >= plan.flush_at or since_s >= plan.heartbeat_s:
            return True
        if waiting and since_s >= plan.flush_every_s:
            return True
        return bool(self._events) and since_s >= plan.publish_every_s

    def _flush(self) -> None:
        """Record all pending results in batches, or an empty one as a heartbeat.

        What arrives meanwhile waits for the next time: a slow database gets larger batches,
        not more of them.
        """
        self._log_notices()
        self._log_wait()
        left = len(self._pending)
        while True:
            kept = _take_batch(self._pending, min(left, self._plan.flush_at))
            results = [result for result, _ in kept]
            if not self._recorder.record(results, _take(self._events, _MOST_EVENTS)):
                self._hurry()
            for _, task in kept:
                task.release()
            left -= len(kept)
            if left <= 0:
                return

    def _log_notices(self) -> None:
        seats: dict[str, Sequence[Notice]] = {"model": getattr(self._client, "notices", ())}
        if self._plan.judge is not None:
            seats["judge"] = self._plan.judge.notices()
        for seat, notices in seats.items():
            for notice in notices[self._notices_logged[seat] :]:
                self._events.append(_notice_event(notice, seat))
                self._notices_logged[seat] += 1

    def _log_wait(self) -> None:
        """Log a pause once, however many threads it holds back."""
        pause_s = self._throttle.pause_s()
        until = time.monotonic() + pause_s
        if pause_s >= _SHOW_WAITS_FROM_S and until > self._wait_logged_until + _SAME_WAIT_S:
            self._wait_logged_until = until
            message = f"{RATE_LIMITED}; they continue in {pause_s:.0f} s."
            self._events.append(
                RunEvent("wait", datetime.now(UTC), "rate_limit", message, wait_s=pause_s)
            )

    def _warn_truncated(self) -> None:
        count, none_yet = self._tally.truncated, self._tally.without_answer
        if count:
            answers = "1 answer" if count == 1 else f"{count:,} answers"
            none = f", {none_yet:,} of them before there was an answer" if none_yet else ""
            message = f"{answers} hit max_tokens{none}; raise it."
            self._events.append(RunEvent("warning", datetime.now(UTC), "truncated", message))

    def _warn_empty(self) -> None:
        count = self._tally.empty
        if count:
            message = warning_of_empty(count)
            self._events.append(RunEvent("warning", datetime.now(UTC), EMPTY_ANSWERS, message))

    def _join(self) -> None:
        """Wait for the threads; aborts their calls if they are late."""
        if self._working:
            self._rush.set()
            self._client.close()
        until = time.monotonic() + _JOIN_S
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, until - time.monotonic()))

    def _ended(self) -> RunEnd:
        calls, retries = self._tally.calls, self._tally.retries
        if not (self._unfinished or self._working):
            return RunEnd("completed", None, calls, retries)
        if self._end is None:
            return RunEnd("stopped", None, calls, retries)
        return replace(self._end, calls=calls, retries=retries)


def _notice_event(notice: Notice, seat: str) -> RunEvent:
    change = {**notice.change.stored(), "seat": seat} if notice.change else None
    return RunEvent("warning", datetime.now(UTC), notice.code, notice.message, change=change)


def _tasks(plan: RunPlan) -> Iterator[Task]:
    """Yield the tasks: each sample in all of its epochs before the next."""
    samples = plan.samples() if callable(plan.samples) else plan.samples
    for index, sample in enumerate(samples):
        for epoch in range(1, plan.epochs + 1):
            if (sample.id, epoch) not in plan.finished:
                yield Task(
                    sample,
                    epoch,
                    index * plan.epochs + epoch - 1,
                    plan.memory.prompts.hold(),
                    plan.memory.answers.hold(),
                )


def _take_batch(
    pending: deque[tuple[SampleResult, Task]], most: int
) -> list[tuple[SampleResult, Task]]:
    """Return the next batch to commit, bounded by the size of its texts."""
    batch: list[tuple[SampleResult, Task]] = []
    size = 0
    while len(batch) < most and size < _MOST_CHARS_AT_ONCE:
        batch.append(pending.popleft())
        size += len(batch[-1][0].completion) + len(batch[-1][0].reasoning)
    return batch


def _take(queue: deque[_T], most: int) -> list[_T]:
    return [queue.popleft() for _ in range(min(len(queue), most))]
