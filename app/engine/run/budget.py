"""Keeps a run within its budget: reserves money before a call, settles it afterwards."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Condition, Event

from app.engine.run.judging import MAX_JUDGE_TOKENS
from app.engine.token_counts import approximate_tokens
from app.engine.types import CallFailure, ModelRequest, SampleResult, TokenUsage
from app.formats import exact_usd
from app.net.call_errors import Canceled

PriceOf = Callable[[TokenUsage], float]
"""USD of one call, whose input and output tokens are known."""

JUDGE_PROMPT_TOKENS = 1_600
"""The instructions of the longest judge's prompt (SimpleQA's), without question and answer."""

_MESSAGE_TOKENS = 8
_FIRST_RATIO = 1.5
_MARGIN = 1.05
"""On top of our count of a prompt: before the provider has counted one, and afterwards."""

_LOOK_EVERY_S = 0.25


class BudgetReachedError(Exception):
    """The next call might spend more than is left.

    Attributes:
        failure: For the reader of the run.
    """

    def __init__(self, failure: CallFailure) -> None:
        super().__init__(failure.message)
        self.failure = failure


@dataclass(slots=True)
class Budget:
    """What a run may spend. Used from many threads.

    A sample is only asked when the most that it may cost (the prompt's tokens, with a margin,
    and the longest answer) fits beside what is spent and what calls under way have set aside.
    Where it does not fit, calls under way are waited for, since most cost less than was set
    aside; only when there are none left, the budget is reached. So nothing paid is thrown away.

    Attributes:
        limit_usd: Never exceeded while ``max_tokens`` is set. Without it the longest answer is
            a guess (the larger one of ``output_tokens`` and the longest so far).
        price: Of the model.
        spent_usd: What the run spent before.
        output_tokens: Guess of the longest answer where a request sets no limit.
        count: Tokens of a text.
        judge_price: Of the judge, for runs that have one.
    """

    limit_usd: float
    price: PriceOf
    spent_usd: float = 0.0
    output_tokens: int = 1_000
    count: Callable[[str], int] = approximate_tokens
    judge_price: PriceOf | None = None
    _reserved_usd: float = 0.0
    _counted_ratio: float | None = None
    _changed: Condition = field(default_factory=Condition)

    def reserve(self, request: ModelRequest, halt: Event) -> float:
        """Reserve money for one sample and return how much; settle it afterwards.

        Raises:
            BudgetReachedError: It does not fit, and no call is under way that might free some.
            Canceled: ``halt`` was set while waiting.
        """
        cost_usd = self._most(request)
        with self._changed:
            while self.spent_usd + self._reserved_usd + cost_usd > self.limit_usd:
                if self._reserved_usd <= 0:
                    raise BudgetReachedError(self._failure(cost_usd))
                self._changed.wait(_LOOK_EVERY_S)
                if halt.is_set():
                    raise Canceled
            self._reserved_usd += cost_usd
        return cost_usd

    def reserve_further(self, request: ModelRequest, failed: TokenUsage) -> float | None:
        """Reserve money for one more try of a sample, whose last one is billed although it failed.

        What it used is set aside: less than the most, which goes over to the next try. ``None``
        where that does not fit now: the sample must not wait for others while it holds money
        that they may wait for.
        """
        counted = self._prompt_tokens(request)
        with self._changed:
            cost_usd = self._failed_usd(failed, request, counted)
            if self.spent_usd + self._reserved_usd + cost_usd > self.limit_usd:
                return None
            self._reserved_usd += cost_usd
        return cost_usd

    def settle(
        self, reserved_usd: float, request: ModelRequest, result: SampleResult | None
    ) -> None:
        """Book the actual cost of a sample and of all its tries; ``None``: it has no result."""
        with self._changed:
            self._reserved_usd = max(0.0, self._reserved_usd - reserved_usd)
            if self._reserved_usd < 1e-12:
                self._reserved_usd = 0.0  # what adding and subtracting floats leaves behind
            if result is not None:
                self.spent_usd += self._actual(request, result)
            self._changed.notify_all()

    def _most(self, request: ModelRequest) -> float:
        ratio = self._counted_ratio
        ratio = _FIRST_RATIO if ratio is None else max(1.0, ratio) * _MARGIN
        input_tokens = math.ceil(self._prompt_tokens(request) * ratio)
        output_tokens = request.generation.max_tokens or self.output_tokens
        usage = TokenUsage(input_tokens, output_tokens)
        return self.price(usage) + self._most_of_judge(usage)

    def _most_of_judge(self, usage: TokenUsage) -> float:
        """Return the most that judging an answer may cost; 0 without a judge."""
        if self.judge_price is None:
            return 0.0
        read = JUDGE_PROMPT_TOKENS + (usage.input_tokens or 0) + (usage.output_tokens or 0)
        return self.judge_price(TokenUsage(read, MAX_JUDGE_TOKENS))

    def _actual(self, request: ModelRequest, result: SampleResult) -> float:
        """Return the cost, counting tokens here if the provider did not."""
        counted = self._prompt_tokens(request) if result.billed else 0
        spent_usd = sum(self._failed_usd(each, request, counted) for each in result.failed_usage)
        if result.finish_reason is None:  # no answer came
            return spent_usd
        usage = self._counted(result.usage, counted, lambda: self.count(result.completion))
        self.output_tokens = max(self.output_tokens, usage.output_tokens or 0)
        spent_usd += self.price(usage)
        judged = result.judge_usage
        if judged is None or self.judge_price is None:
            return spent_usd
        if not judged.is_known:
            return spent_usd + self._most_of_judge(usage)
        return spent_usd + self.judge_price(judged)

    def _failed_usd(self, usage: TokenUsage, request: ModelRequest, counted: int) -> float:
        """Return the cost of a try that failed, by our own count of its prompt if need be."""
        # Nobody knows how much a try wrote before it failed.
        longest = request.generation.max_tokens or self.output_tokens
        return self.price(self._counted(usage, counted, lambda: longest))

    def _counted(
        self, usage: TokenUsage, input_tokens: int, output_tokens: Callable[[], int]
    ) -> TokenUsage:
        """Return the usage of a call, with our own counts where the provider gave none."""
        if usage.input_tokens is not None and input_tokens:
            ratio = usage.input_tokens / input_tokens
            self._counted_ratio = max(self._counted_ratio or 0.0, ratio)
        return replace(
            usage,
            input_tokens=input_tokens if usage.input_tokens is None else usage.input_tokens,
            output_tokens=output_tokens() if usage.output_tokens is None else usage.output_tokens,
        )

    def _prompt_tokens(self, request: ModelRequest) -> int:
        messages = request.sample.messages
        return sum(self.count(message["content"]) + _MESSAGE_TOKENS for message in messages)

    def _failure(self, cost_usd: float) -> CallFailure:
        return CallFailure(
            "budget_reached",
            f"The budget of {exact_usd(self.limit_usd)} does not cover the next call: "
            f"{exact_usd(self.spent_usd)} is spent, and a call may cost up to "
            f"{exact_usd(cost_usd)}. "
            "All answers so far are kept.",
            "Raise the budget, then Resume.",
        )
