from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import replace
from itertools import count
from threading import Event
from typing import Any

import pytest

from app.engine.call_memory import WorkerMemory
from app.engine.call_permit import CallPermit
from app.engine.clients.request_changes import Change, Notice
from app.engine.engine_errors import ModelCallError
from app.engine.run.budget import Budget
from app.engine.run.plan import RunPlan
from app.engine.run.runner import run_benchmark
from app.engine.types import CallFailure, ModelReply, Outcome, Sample, TokenUsage, Verdict
from app.net.call_errors import Canceled
from app.net.retry import RetryPolicy

FAST = RetryPolicy(base_wait_s=0.01, max_wait_s=0.02)


def make_samples(count, size=10):
    for number in range(count):
        text = f"question {number} " + "x" * size
        yield Sample(f"s{number}", ({"role": "user", "content": text},), target="A")


def score(completion, sample):
    answer = completion.removeprefix("ANSWER: ") if completion.startswith("ANSWER: ") else None
    return Verdict(score=float(answer == sample.target), answer=answer)


def plan(count=10, **changes):
    options: dict[str, Any] = {
        "samples": lambda: make_samples(count),
        "scorer": score,
        "max_connections": 4,
        "retry": FAST,
        "stop_grace_s": 0.5,
    }
    return RunPlan(**options | changes)


class Client:
    """Answers with what ``answer(request, number of the call)`` returns or raises."""

    def __init__(self, answer=lambda request, number: "ANSWER: A", latency_s=0.0):
        self.answer = answer
        self.latency_s = latency_s
        self.requests = []
        self.numbers = count(1)
        self.closed = Event()
        self.notices = []

    def complete(self, request, cancel):
        self.requests.append(request)
        if self.closed.wait(self.latency_s):
            raise Canceled
        made = self.answer(request, next(self.numbers))
        return ModelReply(made) if isinstance(made, str) else made

    def close(self):
        self.closed.set()


class Recorder:
    """Keeps everything; ``on_record(recorder)`` may return False or raise."""

    def __init__(self, on_record=lambda recorder: True):
        self.results = []
        self.events = []
        self.batches = []
        self.told = []
        self.threads = set()
        self.on_record = on_record

    def record(self, results, events):
        self.batches.append(len(results))
        self.threads.add(threading.get_ident())
        self.results += results
        self.events += events
        return self.on_record(self)

    def publish(self):
        self.told.append(len(self.results))

    def ids(self):
        return Counter((result.sample.id, result.epoch) for result in self.results)

    def codes(self, kind):
        return [event.code for event in self.events if event.kind == kind]


def run(made, client=None, recorder=None, cancel=None):
    recorder = recorder or Recorder()
    client = client or Client()
    end = run_benchmark(made, client, recorder, cancel or Event())
    assert not [t for t in threading.enumerate() if t.name.startswith("ask-")]
    return end, recorder, client


def failing(code="bad_request", **how):
    def answer(request, number):
        raise ModelCallError(code, f"it failed: {code}", **how)

    return answer


# The plain way


def test_every_sample_is_recorded_once_with_its_place():
    end, recorder, client = run(plan(50))
    assert end.reason == "completed"
    assert (end.calls, end.retries) == (50, 0)
    assert set(recorder.ids().values()) == {1}
    assert {result.sample.id: result.index for result in recorder.results} == {
        f"s{number}": number for number in range(50)
    }
    assert {result.outcome for result in recorder.results} == {Outcome.CORRECT}
    assert not client.closed.is_set()


def test_epochs_repeat_each_sample_and_finished_ones_are_left_out():
    finished = {("s0", 1), ("s1", 2), ("s2", 1), ("s2", 2)}
    _, recorder, client = run(plan(3, epochs=2, finished=finished))
    assert set(recorder.ids()) == {("s0", 2), ("s1", 1)}
    assert len(client.requests) == 2


def test_a_run_without_samples_completes():
    end, recorder, _ = run(plan(0))
    assert end.reason == "completed"
    assert recorder.results == []


def test_samples_may_be_given_as_they_are():
    _, recorder, _ = run(plan(samples=list(make_samples(3))))
    assert len(recorder.results) == 3


def test_a_result_holds_what_was_measured():
    reply = ModelReply("ANSWER: B", "stop", TokenUsage(12, 3), "req-1")
    _, recorder, _ = run(plan(1), Client(lambda request, number: reply, latency_s=0.05))
    result = recorder.results[0]
    assert (result.outcome, result.score, result.answer) == (Outcome.INCORRECT, 0.0, "B")
    assert (result.usage, result.attempts) == (TokenUsage(12, 3), 1)
    assert 40 <= result.latency_ms <= 5_000
    assert result.error is None


def test_the_recorder_is_called_from_the_caller_s_thread_only():
    _, recorder, _ = run(plan(50))
    assert recorder.threads == {threading.get_ident()}


def test_calls_are_made_side_by_side():
    started = time.monotonic()
    run(plan(40, max_connections=20), Client(latency_s=0.2))
    assert time.monotonic() - started < 5  # one after the other: 8 s


def test_samples_are_read_only_as_they_are_asked():
    read = []

    def samples():
        for sample in make_samples(1_000):
            read.append(sample.id)
            yield sample

    stopping = Recorder(lambda recorder: len(recorder.results) < 1)
    run(plan(samples=samples), Client(latency_s=0.02), stopping)
    assert len(read) < 100


# Recording


def test_batches_have_at_most_the_size_that_was_asked_for():
    _, recorder, _ = run(plan(500, flush_at=50))
    assert max(recorder.batches) <= 50
    assert sum(recorder.batches) == 500


def test_results_are_kept_at_once_and_readers_hear_of_them_less_often():
    made = plan(40, max_connections=2, flush_every_s=0.01, publish_every_s=0.25)
    _, recorder, _ = run(made, Client(latency_s=0.03))  # 0.6 s of calls
    assert len([size for size in recorder.batches if size]) >= 10
    assert 2 <= len(recorder.told) <= 4
    assert recorder.told[-1] == 40


def test_a_log_line_alone_is_kept_before_the_heartbeat():
    client = Client(failing("server_error", retryable=True))
    cancel = Event()
    threading.Timer(0.6, cancel.set).start()
    made = plan(1, heartbeat_s=10, publish_every_s=0.1, retry=RetryPolicy(base_wait_s=32.0))
    noted = []

    def keep_and_note(recorder):
        noted.append(time.monotonic())
        return True

    keep = Recorder(keep_and_note)
    started = time.monotonic()
    run(made, client, keep, cancel)
    assert keep.codes("retry") == ["server_error"]
    assert noted[0] - started < 0.5


def test_an_empty_batch_is_the_heartbeat_of_a_slow_run():
    _, recorder, _ = run(plan(1, heartbeat_s=0.1), Client(latency_s=0.5))
    assert recorder.batches.count(0) >= 3


def test_a_recorder_that_says_no_stops_the_run_and_keeps_what_was_under_way():
    recorder = Recorder(lambda recorder: len(recorder.results) < 5)
    end, recorder, client = run(plan(1_000), Client(latency_s=0.02), recorder)
    assert (end.reason, end.error) == ("stopped", None)
    assert len(recorder.results) == len(client.requests) < 100


def test_a_recorder_that_breaks_ends_the_run_with_its_error():
    def broken(recorder):
        raise OSError("database is gone")

    client = Client(latency_s=0.02)
    with pytest.raises(OSError, match="database is gone"):
        run(plan(1_000), client, Recorder(broken))
    made = len(client.requests)
    time.sleep(0.1)
    assert len(client.requests) == made


def test_a_recorder_that_hangs_stops_the_calls():
    client = Client()
    seen: list[int] = []

    def hang_once(recorder):
        if not seen:
            time.sleep(0.6)
            seen.append(len(client.requests))
        return True

    end, recorder, _ = run(plan(300, max_unrecorded=20), client,
                           Recorder(hang_once))  # fmt: skip
    assert seen[0] <= 20 + 20 + 4  # one batch with the recorder, one full buffer, the threads
    assert end.reason == "completed"
    assert len(recorder.results) == 300


# Stopping


def test_a_cancel_during_a_long_wait_ends_the_run_at_once_without_further_calls():
    cancel = Event()
    client = Client(failing("server_error", retryable=True))
    policy = RetryPolicy(base_wait_s=32.0)
    threading.Timer(0.2, cancel.set).start()
    started = time.monotonic()
    end, recorder, _ = run(plan(100, retry=policy), client, cancel=cancel)
    assert time.monotonic() - started < 15
    assert end.reason == "stopped"
    assert len(client.requests) == 4
    assert recorder.results == []


def test_calls_under_way_at_a_cancel_are_recorded_when_they_arrive_soon():
    cancel = Event()
    threading.Timer(0.1, cancel.set).start()
    end, recorder, client = run(plan(100), Client(latency_s=0.3), cancel=cancel)
    assert end.reason == "stopped"
    assert len(recorder.results) == len(client.requests) == 4


def test_calls_that_do_not_arrive_within_the_grace_are_cut():
    cancel = Event()
    threading.Timer(0.1, cancel.set).start()
    started = time.monotonic()
    end, recorder, client = run(plan(100), Client(latency_s=60), cancel=cancel)
    assert time.monotonic() - started < 15
    assert end.reason == "stopped"
    assert recorder.results == []
    assert client.closed.is_set()


def test_a_run_that_was_finished_when_the_cancel_came_is_complete():
    cancel = Event()

    def answer(request, number):
        if number == 4:
            cancel.set()
        return "ANSWER: A"

    end, _, _ = run(plan(4, max_connections=1), Client(answer), cancel=cancel)
    assert end.reason == "completed"


def test_the_caller_s_event_is_never_set():
    cancel = Event()
    run(plan(3), Client(failing("auth", scope="fail")), cancel=cancel)
    assert not cancel.is_set()


@pytest.mark.parametrize(("scope", "reason"), [("pause", "paused"), ("fail", "failed")])
def test_an_error_of_the_whole_run_ends_it_and_keeps_finished_samples(scope, reason):
    def answer(request, number):
        if number <= 20:
            return "ANSWER: A"
        raise ModelCallError("quota", "no credit", scope=scope, action="Add credit.")

    end, recorder, client = run(plan(1_000), Client(answer))
    assert end.reason == reason
    assert end.error == CallFailure("quota", "no credit", "Add credit.")
    assert len(recorder.results) == 20
    assert len(client.requests) <= 20 + 4
    assert recorder.codes("error") == ["quota"]


def test_a_wait_that_is_too_long_pauses_the_run_with_the_time():
    client = Client(failing("rate_limit", retryable=True, retry_after_s=3_600))
    end, _, _ = run(plan(10), client)
    assert end.reason == "paused"
    assert end.error.code == "rate_limit"
    assert "wait until" in end.error.message
    assert "UTC" in end.error.message


def test_an_error_of_the_samples_reaches_the_caller_after_what_came_before():
    def samples():
        yield from make_samples(5)
        raise LookupError("row 6 is broken")

    recorder = Recorder()
    with pytest.raises(LookupError, match="row 6"):
        run(plan(samples=samples), recorder=recorder)
    assert len(recorder.results) == 5


def test_a_bug_in_the_client_reaches_the_caller():
    def answer(request, number):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(plan(10), Client(answer))


def test_a_budget_pauses_the_run_before_it_is_exceeded_and_throws_no_answer_away():
    budget = Budget(limit_usd=10.0, price=lambda _usage: 1.0)
    end, recorder, client = run(plan(1_000, budget=budget), Client(latency_s=0.02))
    assert (end.reason, end.error.code) == ("paused", "budget_reached")
    assert end.error.action == "Raise the budget, then Resume."
    assert (len(recorder.results), budget.spent_usd) == (10, 10.0)
    assert end.calls == 10


# Failures of samples


def test_a_failed_sample_is_an_error_without_score_and_the_run_goes_on():
    def answer(request, number):
        if request.sample.id == "s3":
            raise ModelCallError("context_length", "too long", action="Shorten it.")
        return "ANSWER: A"

    end, recorder, _ = run(plan(10), Client(answer))
    assert end.reason == "completed"
    failed = next(result for result in recorder.results if result.sample.id == "s3")
    assert (failed.outcome, failed.score, failed.completion) == (Outcome.ERROR, None, "")
    assert failed.error == CallFailure("context_length", "too long", "Shorten it.")
    assert Counter(result.outcome for result in recorder.results)[Outcome.CORRECT] == 9


def test_a_filtered_sample_is_a_refusal():
    client = Client(failing("content_filter", counts_as_refusal=True))
    _, recorder, _ = run(plan(30), client)
    assert {(result.outcome, result.score) for result in recorder.results} == {
        (Outcome.REFUSED, 0.0)
    }


def test_a_scorer_that_raises_costs_its_sample_only():
    def scorer(completion, sample):
        if sample.id == "s1":
            raise RuntimeError("secret details")
        return score(completion, sample)

    end, recorder, _ = run(plan(5, scorer=scorer))
    assert end.reason == "completed"
    failed = next(result for result in recorder.results if result.sample.id == "s1")
    assert (failed.outcome, failed.score) == (Outcome.ERROR, None)
    assert failed.error.code == "scoring_failed"
    assert "RuntimeError" in failed.error.message
    assert failed.completion == "ANSWER: A"


def test_a_verdict_without_score_is_an_error_with_its_reason():
    verdict = Verdict(score=None, answer=None, explanation="the judge did not answer",
                      judge_usage=TokenUsage(5, 2))  # fmt: skip
    _, recorder, _ = run(plan(1, scorer=lambda completion, sample: verdict))
    result = recorder.results[0]
    assert result.error.code == "scoring_failed"
    assert "the judge did not answer" in result.error.message
    assert result.judge_usage == TokenUsage(5, 2)


def test_retries_are_told_as_events_and_counted():
    def answer(request, number):
        if request.sample.id == "s2" and not seen:
            seen.append(1)
            raise ModelCallError("timeout", "No answer from host.", retryable=True)
        return "ANSWER: A"

    seen: list[int] = []
    end, recorder, _ = run(plan(5), Client(answer))
    assert (end.calls, end.retries) == (6, 1)
    retry = next(event for event in recorder.events if event.kind == "retry")
    assert (retry.sample_id, retry.epoch, retry.attempt, retry.code) == ("s2", 1, 1, "timeout")
    assert retry.wait_s >= 0.01
    assert retry.at.tzinfo is not None
    assert recorder.codes("warning") == ["billed_twice"]
    assert next(r for r in recorder.results if r.sample.id == "s2").attempts == 2


def test_a_sample_is_given_up_after_the_last_retry():
    def answer(request, number):
        if request.sample.id == "s0":
            raise ModelCallError("server_error", "down", retryable=True)
        return "ANSWER: A"

    _, recorder, _ = run(plan(5), Client(answer))
    failed = next(result for result in recorder.results if result.sample.id == "s0")
    assert failed.attempts == 6
    assert failed.error.message == "down Gave up after 6 attempts."


def test_a_rate_limit_holds_all_threads_back_and_says_so():
    refused: list[float] = []

    def answer(request, number):
        if not refused:
            refused.append(time.monotonic())
            raise ModelCallError("rate_limit", "slow", retryable=True, retry_after_s=1.1)
        return "ANSWER: A"

    client = Client(answer, latency_s=0.01)
    started = time.monotonic()
    end, recorder, _ = run(plan(8, max_connections=4), client)
    assert 1.1 < time.monotonic() - started < 30
    assert end.reason == "completed"
    assert "rate_limit" in recorder.codes("wait")


# When going on is pointless


def test_twenty_samples_in_a_row_lost_to_the_provider_pause_the_run():
    end, recorder, client = run(
        plan(1_000, retry=replace(FAST, max_retries=0)),
        Client(failing("overloaded", retryable=True)),
    )
    assert (end.reason, end.error.code) == ("paused", "overloaded")
    assert 20 <= len(recorder.results) <= 24


def test_twenty_other_errors_in_a_row_fail_the_run():
    end, recorder, _ = run(plan(1_000), Client(failing("bad_request")))
    assert (end.reason, end.error.code) == ("failed", "bad_request")
    assert 20 <= len(recorder.results) <= 24


def test_samples_that_are_too_long_never_fail_the_run():
    end, recorder, _ = run(plan(100), Client(failing("context_length")))
    assert end.reason == "completed"
    assert len(recorder.results) == 100


def test_one_success_begins_the_count_anew():
    def answer(request, number):
        if number % 15:
            raise ModelCallError("bad_request", "no")
        return "ANSWER: A"

    end, recorder, _ = run(plan(200, max_connections=1), Client(answer))
    assert end.reason == "completed"
    assert len(recorder.results) == 200


def test_retries_are_capped_at_a_share_of_the_calls():
    def answer(request, number):
        if int(request.sample.id[1:]) % 2:
            raise ModelCallError("server_error", "down", retryable=True)
        return "ANSWER: A"

    end, _, client = run(plan(400), Client(answer))
    assert end.reason == "completed"
    assert end.retries <= 50 + 0.2 * end.calls + 1
    assert len(client.requests) < 600  # 400 and five retries for each second would be 1,400


# Warnings


def test_truncated_answers_are_counted_in_a_warning():
    client = Client(lambda request, number: ModelReply("ANSWER: A", "length"))
    _, recorder, _ = run(plan(3), client)
    assert {result.outcome for result in recorder.results} == {Outcome.TRUNCATED}
    messages = [event.message for event in recorder.events if event.code == "truncated"]
    assert messages == ["3 answers hit max_tokens; raise it."]


def test_a_prompt_that_the_server_cut_is_warned_of_once():
    client = Client(lambda request, number: ModelReply("ANSWER: A", "stop", TokenUsage(2_048, 5)))
    _, recorder, _ = run(plan(samples=lambda: make_samples(5, size=60_000)), client)
    assert recorder.codes("warning") == ["prompt_cut"]


def test_what_the_client_changed_is_told():
    client = Client()
    change = Change("drop", "temperature")
    client.notices.append(Notice("parameter_dropped", "m refuses temperature.", change))
    _, recorder, _ = run(plan(3), client)
    assert recorder.codes("warning") == ["parameter_dropped"]
    told = [event for event in recorder.events if event.kind == "warning"]
    assert told[0].change == {"kind": "drop", "name": "temperature", "setting": "temperature",
                              "seat": "model"}  # fmt: skip


# Making room


def test_a_run_that_makes_room_keeps_the_answers_under_way():
    leave = Event()
    client = Client(latency_s=1.0)

    def leave_soon():
        while len(client.requests) < 4:
            time.sleep(0.01)
        leave.set()

    threading.Thread(target=leave_soon).start()
    recorder = Recorder()
    end = run_benchmark(plan(50, stop_grace_s=0.0), client, recorder, Event(), leave)
    assert end.reason == "stopped"
    assert len(recorder.results) == len(client.requests) == 4
    assert not client.closed.is_set()


def test_a_run_that_makes_room_still_ends_at_once_when_it_is_canceled():
    leave, cancel = Event(), Event()
    leave.set()
    client = Client(latency_s=3600.0)
    threading.Timer(0.5, cancel.set).start()
    end = run_benchmark(plan(50, stop_grace_s=0.0), client, Recorder(), cancel, leave)
    assert end.reason == "stopped"


def test_a_run_that_made_room_for_long_still_has_the_grace_of_a_stop():
    leave, cancel, released = Event(), Event(), Event()

    class Held(Client):
        def complete(self, request, cancel):
            self.requests.append(request)
            while not released.is_set():
                if self.closed.wait(0.02):
                    raise Canceled
            return ModelReply("ANSWER: A")

    client = Held()

    def leave_then_stop():
        while len(client.requests) < 4:
            time.sleep(0.01)
        leave.set()
        time.sleep(4.0)
        cancel.set()
        time.sleep(0.5)
        released.set()

    threading.Thread(target=leave_then_stop).start()
    recorder = Recorder()
    end = run_benchmark(plan(50, stop_grace_s=3.5), client, recorder, cancel, leave)
    assert end.reason == "stopped"
    assert len(recorder.results) == len(client.requests) == 4


# Memory


def test_prompts_wait_for_room_and_all_are_asked():
    memory = WorkerMemory(prompts=100_000, answers=1_000_000).of_run()
    under_way: list[Any] = []
    most: list[int] = []

    def answer(request, number):
        most.append(len(under_way))
        return "ANSWER: A"

    class Counting(Client):
        def complete(self, request, cancel):
            under_way.append(request)
            try:
                return super().complete(request, cancel)
            finally:
                under_way.remove(request)

    samples = list(make_samples(40, size=5_000))
    end, recorder, _ = run(
        plan(samples=samples, max_connections=32, memory=memory),
        client=Counting(answer, latency_s=0.05),
    )
    assert end.reason == "completed"
    assert len(recorder.results) == 40
    assert max(most) <= 3  # of 20 kB each, in the half that one run may hold


def test_no_call_is_made_without_a_permit():
    permit = CallPermit(0.0)
    client = Client()
    cancel = Event()
    threading.Timer(0.5, cancel.set).start()
    end, _, _ = run(plan(10, permit=permit), client=client, cancel=cancel)
    assert end.reason == "stopped"
    assert client.requests == []
