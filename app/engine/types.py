"""The values of the engine: samples in, results out.

All are frozen dataclasses, so that a value can cross threads without a lock. Nothing here
knows of Flask, SQL, Redis or RQ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, TypedDict

from app.net.byte_budget import UNBOUNDED, Hold


class Outcome(StrEnum):
    """The outcome of a sample; every sample has exactly one."""

    CORRECT = "correct"
    INCORRECT = "incorrect"
    PARTIAL = "partial"
    REFUSED = "refused"
    TRUNCATED = "truncated"
    UNPARSABLE = "unparsable"
    ERROR = "error"


class Message(TypedDict):
    """One chat message, as it is sent to the provider."""

    role: Literal["system", "user", "assistant"]
    content: str


FinishReason = Literal["stop", "length", "content_filter", "refusal", "unknown"]


@dataclass(frozen=True, slots=True)
class Generation:
    """Sampling parameters; ``None`` leaves the parameter to the provider.

    Attributes:
        max_tokens: Longest answer, thinking included.
        reasoning_effort: How much a reasoning model thinks: ``low``, ``high`` ...
        thinking_tokens: Most tokens of thinking; 0: none.
        extra_body: Fields that are added to each request as they are.
    """

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    top_k: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    reasoning_effort: str | None = None
    thinking_tokens: int | None = None
    extra_body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sample:
    """One question, with the exact messages that the model will get.

    Attributes:
        id: Unique within the dataset, stable across runs.
        messages: The complete prompt: system message, few-shot turns, question.
        target: What the scorer compares with; several accepted answers are a tuple.
        choices: Options as presented, for multiple choice; empty otherwise.
        category: The value of the benchmark's breakdown field.
        metadata: Whatever else the scorer needs (tests of a program, IFEval instructions).
    """

    id: str
    messages: tuple[Message, ...]
    target: str | tuple[str, ...]
    choices: tuple[str, ...] = ()
    category: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def chars(self) -> int:
        """Characters of its prompt, target and options; own data may have a million in each."""
        targets = (self.target,) if isinstance(self.target, str) else self.target
        prompt = sum(len(message["content"]) for message in self.messages)
        return prompt + sum(map(len, targets)) + sum(map(len, self.choices))


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One call of a model: a sample's prompt in one epoch.

    Attributes:
        hold: Counts what the answer takes in memory; whoever made the request releases it.
    """

    sample: Sample
    epoch: int
    generation: Generation
    timeout_s: float
    hold: Hold = field(default_factory=UNBOUNDED.hold, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """The tokens of a call, or of several; ``None`` where the provider did not say.

    Attributes:
        input_tokens: Of the prompt, all of them.
        output_tokens: That the model made, all of them.
        cached_input_tokens: Those of the prompt that were read from the provider's cache.
        cache_write_tokens: Those of the prompt that were written to it.
        reasoning_tokens: Those of the output that are no answer.
        uncounted: Of several calls, those whose tokens are not all in it: nobody said them.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    uncounted: int = 0

    @property
    def is_known(self) -> bool:
        """Whether the whole cost can be computed: both ends of each call were counted."""
        counted = self.input_tokens is not None and self.output_tokens is not None
        return counted and not self.uncounted


UNKNOWN_USAGE = TokenUsage()


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a streamed answer came.

    Attributes:
        first_token_s: From the call to the first text, thinking included.
        output_tokens_per_s: Of the tokens after the first, from the first text to the last;
            ``None`` where it cannot be told.
    """

    first_token_s: float
    output_tokens_per_s: float | None


@dataclass(frozen=True, slots=True)
class ModelReply:
    """What a model answered.

    Attributes:
        text: The completion; empty where the model sent none.
        finish_reason: Why the model stopped, in our words.
        usage: Tokens as the provider counted them.
        request_id: The provider's own id of the call, for its support.
        reasoning: What the model thought, where the server sends it beside the answer.
        model: The model that answered, as the server names it.
        fingerprint: The server's own mark of what answered (``system_fingerprint``).
        speed: Of an answer that was streamed.
        ending: Why the model stopped, in the provider's words.
    """

    text: str
    finish_reason: FinishReason = "stop"
    usage: TokenUsage = UNKNOWN_USAGE
    request_id: str | None = None
    reasoning: str = ""
    model: str | None = None
    fingerprint: str | None = None
    speed: Speed | None = None
    ending: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A scorer's verdict on one completion.

    Attributes:
        score: 0..1; ``None`` when the completion could not be judged (a judge that failed).
        answer: The extracted answer; ``None`` when there was none to extract.
        explanation: Why it was scored so, in a sentence for a reader.
        detail: Machine-readable parts (per-instruction verdicts, test output, EM and F1).
        judge_usage: Tokens of a judge's calls; ``None`` where none was asked.
    """

    score: float | None
    answer: str | None
    explanation: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    judge_usage: TokenUsage | None = None


Scorer = Callable[[str, Sample], Verdict]
"""A pure function of a completion and its sample."""


@dataclass(frozen=True, slots=True)
class CallFailure:
    """Why a sample has no answer: the message and the action that pages show."""

    code: str
    message: str
    action: str | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """Who answered, in the server's words; what it does not say is ``None``.

    Attributes:
        model: The model's name.
        fingerprint: The server's mark of what answered.
        reply_id: The provider's id of the call.
    """

    model: str | None
    fingerprint: str | None
    reply_id: str | None


@dataclass(frozen=True, slots=True)
class SampleResult:
    """One scored reply: exactly one row of the ledger.

    ``reasoning`` is what the model thought, where the server sends it beside the answer;
    ``served`` is ``None`` without a reply. ``usage`` is the reply's; ``failed_usage`` is that of
    each try before it whose generation failed, which providers bill like any other.
    """

    sample: Sample
    epoch: int
    index: int
    outcome: Outcome
    score: float | None
    completion: str
    answer: str | None
    explanation: str
    finish_reason: FinishReason | None
    latency_ms: int | None
    attempts: int
    usage: TokenUsage = UNKNOWN_USAGE
    detail: Mapping[str, Any] = field(default_factory=dict)
    judge_usage: TokenUsage | None = None
    error: CallFailure | None = None
    reasoning: str = ""
    served: Served | None = None
    speed: Speed | None = None
    failed_usage: tuple[TokenUsage, ...] = ()

    @property
    def billed(self) -> tuple[TokenUsage, ...]:
        """The usage of each call that generated something, in the order of the calls."""
        return self.failed_usage if self.finish_reason is None else (*self.failed_usage, self.usage)
