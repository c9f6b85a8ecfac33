from __future__ import annotations

import threading
import time
from threading import Event

import pytest

from app.engine.run.budget import Budget, BudgetReachedError
from app.engine.types import Generation, ModelRequest, Outcome, Sample, SampleResult, TokenUsage
from app.net.call_errors import Canceled

NEVER = Event()


def price(usage: TokenUsage) -> float:
    assert usage.input_tokens is not None
    assert usage.output_tokens is not None
    return (usage.input_tokens + 10 * usage.output_tokens) / 1000


def usd(input_tokens: int, output_tokens: int) -> float:
    return price(TokenUsage(input_tokens, output_tokens))


def request(max_tokens: int | None = 10) -> ModelRequest:
    sample = Sample("s", ({"role": "user", "content": "x" * 88},), "A")
    return ModelRequest(sample, 1, Generation(max_tokens=max_tokens), 1.0)


def result(tokens: tuple[int | None, int | None], **changes: object) -> SampleResult:
    values: dict[str, object] = {
        "sample": request().sample, "epoch": 1, "index": 0, "outcome": Outcome.CORRECT,
        "score": 1.0, "completion": "ANSWER: A", "answer": "A", "explanation": "",
        "finish_reason": "stop", "latency_ms": 1, "usage": TokenUsage(*tokens),
        "attempts": 1,
    }  # fmt: skip
    return SampleResult(**{**values, **changes})  # type: ignore[arg-type]


def test_the_prompt_and_the_longest_answer_are_set_aside():
    budget = Budget(1.0, price, count=lambda text: len(text) // 4)
    # 88 characters are 22 tokens, 8 for the chat format, half on top; and 10 for the answer.
    first = budget.reserve(request(), NEVER)
    assert first == pytest.approx((45 + 100) / 1000)
    budget.settle(first, request(), result((40, 1)))
    # The provider counted a third more than we did.
    assert budget.reserve(request(), NEVER) == pytest.approx((42 + 100) / 1000)


def test_what_is_left_over_is_given_back():
    budget = Budget(0.2, price, count=lambda text: len(text) // 4)
    for _ in range(3):
        reserved = budget.reserve(request(), NEVER)
        budget.settle(reserved, request(), result((20, 1)))
    assert budget.spent_usd == pytest.approx(3 * 0.03)
    with pytest.raises(BudgetReachedError) as refused:
        budget.reserve(request(), NEVER)
    failure = refused.value.failure
    assert failure.code == "budget_reached"
    assert failure.action == "Raise the budget, then Resume."
    assert "$0.09 is spent" in failure.message


def test_without_a_result_nothing_is_spent():
    budget = Budget(0.15, price)
    budget.settle(budget.reserve(request(), NEVER), request(), None)
    failed = result((None, None), finish_reason=None, completion="", outcome=Outcome.ERROR)
    budget.settle(budget.reserve(request(), NEVER), request(), failed)
    assert budget.spent_usd == 0


def test_tokens_that_the_provider_did_not_count_are_counted_here():
    budget = Budget(10.0, price, count=len)
    budget.settle(budget.reserve(request(), NEVER), request(), result((None, None)))
    assert budget.spent_usd == pytest.approx(usd(88 + 8, len("ANSWER: A")))


def test_the_guess_of_the_longest_answer_grows_with_what_comes():
    budget = Budget(1000.0, price, output_tokens=5)
    budget.settle(budget.reserve(request(None), NEVER), request(None), result((20, 500)))
    assert budget.reserve(request(None), NEVER) > usd(0, 500)


def test_a_judge_is_set_aside_and_booked_too():
    budget = Budget(100.0, price, judge_price=price)
    reserved = budget.reserve(request(), NEVER)
    assert reserved > usd(1_600, 2_048)
    judged = result((20, 1), judge_usage=TokenUsage(1_000, 1))
    budget.settle(reserved, request(), judged)
    assert budget.spent_usd == pytest.approx(usd(20, 1) + usd(1_000, 1))


def test_calls_under_way_are_waited_for_before_the_budget_counts_as_reached():
    budget = Budget(0.2, price, count=lambda text: len(text) // 4)
    first = budget.reserve(request(), NEVER)
    threading.Timer(0.1, budget.settle, (first, request(), result((20, 1)))).start()
    started = time.monotonic()
    assert budget.reserve(request(), NEVER) == first
    assert time.monotonic() - started >= 0.08


def test_a_wait_for_money_ends_when_the_run_is_stopped():
    budget = Budget(0.2, price, count=lambda text: len(text) // 4)
    budget.reserve(request(), NEVER)
    halt = Event()
    threading.Timer(0.05, halt.set).start()
    with pytest.raises(Canceled):
        budget.reserve(request(), halt)


def test_many_threads_never_spend_more_than_the_limit():
    budget = Budget(2.0, price, count=lambda text: len(text) // 4)
    answered = []

    def work() -> None:
        while True:
            try:
                reserved = budget.reserve(request(), NEVER)
            except BudgetReachedError:
                return
            answered.append(1)
            budget.settle(reserved, request(), result((33, 10)))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert budget.spent_usd == pytest.approx(len(answered) * 0.133)
    assert 2.0 - 2 * 0.133 < budget.spent_usd <= 2.0


def test_a_try_that_failed_takes_what_it_used_and_no_more():
    budget = Budget(0.2, price, count=lambda text: len(text) // 4)
    reserved = budget.reserve(request(), NEVER)
    assert reserved == pytest.approx(0.145)  # a second one as large would not fit
    failed = TokenUsage(40, 1)
    further = budget.reserve_further(request(), failed)
    assert further is not None
    assert further == pytest.approx(0.05)
    assert budget.reserve_further(request(), failed) is None
    answered = result((40, 1), failed_usage=(failed,), attempts=2)
    budget.settle(reserved + further, request(), answered)
    assert budget.spent_usd == pytest.approx(2 * 0.05)


def test_a_try_that_failed_without_a_count_may_have_cost_the_most():
    budget = Budget(0.2, price, count=lambda text: len(text) // 4)
    budget.reserve(request(), NEVER)
    assert budget.reserve_further(request(), TokenUsage(40)) is None
    assert budget.reserve_further(request(), TokenUsage()) is None
