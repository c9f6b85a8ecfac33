"""Runs and samples."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    Field,
    StrictBool,
    StringConstraints,
)

from app.blueprints.api.schemas.fields import (
    Body,
    Moment,
    OptionalBody,
    PageAnswer,
    PageQuery,
    Text,
)
from app.queries.run_sorts import NEWEST_FIRST, SORTS
from app.queries.sample_lists import MAX_NUMBER
from app.queries.sample_marks import MAX_NOTE
from app.queries.samples import MAX_EPOCH
from app.services.field_types import Number
from app.services.runs.run_request import (
    MAX_BUDGET_USD,
    MAX_TAGS,
    BenchmarkVersion,
    Name,
    RunOptions,
    Tag,
)

MARKDOWN: dict[str, Any] = {
    "description": "Markdown, without what only the account knows.",
    "content": {"text/plain": {"schema": {"type": "string"}}},
}
HTML_FILE: dict[str, Any] = {
    "description": "A page without scripts, with nothing to load.",
    "content": {"text/html": {"schema": {"type": "string"}}},
}

Status = Literal["queued", "running", "paused", "completed", "failed", "canceled"]


def _known_statuses(text: str) -> str:
    known = ("active", *get_args(Status))
    if unknown := set(text.split(",")) - {*known, ""}:
        raise ValueError(
            f"unknown status: {', '.join(sorted(unknown))}; choose from: {', '.join(known)}"
        )
    return text


def _known_sort(text: str) -> str:
    if text not in SORTS:
        raise ValueError(f"unknown order; choose from: {', '.join(SORTS)}")
    return text


class CountsAnswer(BaseModel):
    """Samples in all, done, and by outcome."""

    total: int
    done: int
    correct: int
    incorrect: int
    partial: int
    refused: int
    truncated: int
    unparsable: int
    error: int
    skipped: int = Field(description="Never asked, in a run that is over.")


class ScoreAnswer(BaseModel):
    """A score with its uncertainty; samples with errors are in ``bounds`` only."""

    metric: str
    value: float
    stderr: float | None
    ci95: tuple[float, float]
    bounds: tuple[float, float] = Field(
        description="The score if every sample with an error were wrong, or right."
    )
    n: int = Field(description="Samples that the score divides by.")
    pass_at_k: dict[str, float] | None = Field(None, description="With several epochs.")
    warning: str | None = Field(
        None, description="Of a rescoring: the answers were asked for with another prompt."
    )


class BreakdownItem(BaseModel):
    """The score of one category."""

    key: str
    n: int
    value: float
    ci95: tuple[float, float]


class Usage(BaseModel):
    """What the run spent; a judge's share is listed separately. null: not known."""

    input_tokens: int | None = Field(description="All tokens of the prompts.")
    cached_input_tokens: int | None = Field(
        description="Those of the prompts that were read from the provider's cache."
    )
    cache_write_tokens: int | None = Field(
        description="Those of the prompts that were written to the provider's cache."
    )
    output_tokens: int | None = Field(description="All tokens of the models, reasoning included.")
    reasoning_tokens: int | None = Field(description="Those of the output that were reasoning.")
    samples_without_usage: int = Field(
        description="Samples with calls whose tokens nobody counted; those are not in the sums."
    )
    judge_input_tokens: int | None
    judge_output_tokens: int | None
    cost_usd: float | None = Field(
        description="null: the price is not known, or the tokens of some answers are not."
    )
    known_cost_usd: float | None = Field(
        description="Of the answers whose cost is known: the whole costs at least that."
    )
    judge_cost_usd: float | None = Field(
        description="null: no judge, or its price or tokens are not known."
    )


class Percentiles(BaseModel):
    """The median, and what 95 of 100 answers do not exceed."""

    p50: float
    p95: float


class SpeedAnswer(BaseModel):
    """How fast streamed answers came."""

    first_token_s: Percentiles = Field(
        description="From the call to the first text, thinking included."
    )
    output_tokens_per_s: Percentiles | None = Field(
        description="Tokens after the first, by the time from the first text to the last; null: "
        "the tokens are not known, or each answer came at once."
    )


class FailureAnswer(BaseModel):
    """What happened and what to do next."""

    code: str
    message: str
    action: str | None = None


class NoticeAnswer(BaseModel):
    """What the user of a run must know: a parameter that its model refused, a warning."""

    code: str = Field(
        description="`parameter_dropped`, `parameter_changed`, `system_merged`, "
        "`streaming_changed`, `truncated` ..."
    )
    message: str


class PreparingAnswer(BaseModel):
    """What is done before the first call, such as a download."""

    message: str
    done_bytes: int | None = Field(description="null: nothing is downloaded.")
    total_bytes: int | None = Field(description="null: nobody says how much it is.")


class ServedModel(BaseModel):
    """A model that answered, with its fingerprint, and how many answers it gave."""

    model: str | None
    fingerprint: str | None
    n: int


class RunAnswer(BaseModel):
    """A run."""

    run_id: str
    name: str = Field(description="What it is called; empty: nothing.")
    status: Status
    canceling: bool = Field(
        description="It runs, was asked to stop, and waits for the answers under way."
    )
    queue_position: int | None = Field(
        None,
        description="Runs that are taken before this one; null: it is not in the queue of turns.",
    )
    benchmark: str
    benchmark_version: int
    model: str
    simulated: bool
    protocol: str
    config: dict[str, Any]
    counts: CountsAnswer
    score: ScoreAnswer | None
    scores: dict[str, ScoreAnswer | None]
    breakdown: list[BreakdownItem]
    usage: Usage
    speed: SpeedAnswer | None = Field(description="null: no answer was streamed.")
    estimate: dict[str, Any] | None
    retries: int
    served_models: list[ServedModel] = Field(description="Who answered, in the server's words.")
    waiting: dict[str, Any] | None
    notices: list[NoticeAnswer]
    preparing: PreparingAnswer | None = Field(
        description="What is being done before the first call; null when calls are made."
    )
    created_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    duration_s: float | None
    error: FailureAnswer | None
    tags: list[str]
    notes: str
    digests: dict[str, Any]
    links: dict[str, str]


class PendingRescoring(BaseModel):
    """A scoring of the stored answers that is under way."""

    protocol: str
    done: int = Field(description="Answers scored so far, of the run's counts.done.")


class ErrorGroupAnswer(BaseModel):
    """Samples that ended in an error for the same reason."""

    code: str
    reason: str = Field(description="In a few words: `status 502 from local`.")
    n: int
    message: str = Field(description="What the first of them said.")
    action: str | None


class RunDetail(RunAnswer):
    """A run by itself."""

    rescorings: list[PendingRescoring]
    error_groups: list[ErrorGroupAnswer] = Field(
        description="Why samples ended in an error, the most frequent cause first."
    )
    remedy: (
        Literal["resume", "retry_errors", "raise_budget", "edit_connection", "duplicate"] | None
    ) = Field(description="The step that most likely helps a run that stopped, or has errors.")


class RunList(PageAnswer):
    """Runs."""

    items: list[RunAnswer]


class RunPath(BaseModel):
    """Which run."""

    run_id: str = Field(description="UUIDv7")


class RunQuery(PageQuery):
    """Which runs."""

    status: Annotated[Text, AfterValidator(_known_statuses)] = Field(
        "", description="One or several, comma-separated; active: queued or running."
    )
    benchmark: Text = ""
    model: Text = ""
    tag: Text = ""
    q: Text = Field("", description="Words to look for.")
    created_after: Moment | None = None
    created_before: Moment | None = None
    sort: Annotated[Text, AfterValidator(_known_sort)] = Field(
        NEWEST_FIRST,
        description="`created_at`, `benchmark` (then by name), `status`, `model`, `protocol`, "
        "`score`, `samples`, `errors`, `duration` or `cost`; with `-` from the highest down. "
        "Runs without a score or cost are last.",
    )


class RunPatch(Body):
    """The fields of a run that can be changed."""

    name: Name | None = None
    tags: Annotated[list[Tag], Field(max_length=MAX_TAGS)] | None = None
    notes: Annotated[Text, StringConstraints(max_length=10_000)] | None = None


class ResumeBody(OptionalBody):
    """How to resume."""

    retry_errors: StrictBool = Field(
        False, description="Ask again the samples that ended in an error."
    )
    budget_usd: Annotated[float, Number, Field(gt=0, le=MAX_BUDGET_USD)] | None = Field(
        None, description="New budget for the whole run; empty: unchanged."
    )


class DuplicateOverrides(RunOptions):
    """Options that differ from the original run."""

    benchmark: Text | None = None
    benchmark_version: BenchmarkVersion | None = None
    model: Text | None = None
    name: Name | None = None
    tags: Annotated[list[Tag], Field(max_length=MAX_TAGS)] | None = None
    notes: Annotated[Text, StringConstraints(max_length=10_000)] | None = None

    def given(self) -> dict[str, Any]:
        """Return what was given; ``null`` sets an option back to its default, or not to be sent."""
        return {
            name: value
            for name, value in self.model_dump(exclude_unset=True).items()
            if value is not None or name in RunOptions.model_fields
        }


class DuplicateBody(OptionalBody):
    """A run that copies another one."""

    overrides: DuplicateOverrides = Field(
        default_factory=lambda: DuplicateOverrides.model_validate({})
    )


class RescoreBody(Body):
    """The protocol whose scorer is used."""

    protocol: Text


class RescoredVerdict(BaseModel):
    """The verdict of a later scoring on an answer."""

    protocol: str
    outcome: str
    score: float | None
    answer: str | None


class ReplyAnswer(BaseModel):
    """Who answered, in the server's words."""

    id: str | None
    model: str | None
    fingerprint: str | None


class MarkAnswer(BaseModel):
    """What readers noted of a sample."""

    starred: bool
    to_review: bool
    note: str


class SampleAnswer(BaseModel):
    """A scored reply."""

    sample_id: str
    epoch: int
    category: str | None
    outcome: str
    score: float | None
    input: list[dict[str, str]]
    target: str | list[str]
    completion: str = Field(description="As the server sent it.")
    reasoning: str | None = Field(description="What the model thought, beside or in its answer.")
    answer: str | None
    explanation: str
    detail: dict[str, Any]
    finish_reason: str | None
    latency_ms: int | None
    first_token_s: float | None = Field(description="Of a streamed answer: see the run's speed.")
    output_tokens_per_s: float | None
    input_tokens: int | None = Field(
        description="Of all calls of the sample, also those whose generation failed; null: unknown."
    )
    cached_input_tokens: int | None
    cache_write_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    cost_usd: float | None = Field(description="null: the price or the tokens are not known.")
    judge_cost_usd: float | None = Field(description="The same of the judge's reply.")
    attempts: int
    reply: ReplyAnswer | None
    error: FailureAnswer | None
    created_at: AwareDatetime
    rescored: list[RescoredVerdict] | None = Field(
        None, description="Verdicts of later scorings; only with a single sample."
    )
    mark: MarkAnswer | None = Field(None, description="Only with a single sample.")


class SampleList(PageAnswer):
    """Samples."""

    items: list[SampleAnswer]


class SampleQuery(PageQuery):
    """Which samples."""

    outcome: Text = Field("", description="One or several, comma-separated.")
    category: Text = ""
    error_code: Text = Field("", description="Samples that ended in this error.")
    q: Text = Field("", description="Text in question, answer or target, or a sample's id.")
    place: Literal["", "question", "answer", "target"] = Field(
        "", description="Where alone `q` is looked for."
    )
    min_latency_ms: int | None = Field(None, ge=0, le=MAX_NUMBER)
    max_latency_ms: int | None = Field(None, ge=0, le=MAX_NUMBER)
    min_tokens: int | None = Field(None, ge=0, le=MAX_NUMBER, description="Of the answer.")
    max_tokens: int | None = Field(None, ge=0, le=MAX_NUMBER)
    mark: Literal["", "any", "starred", "to_review", "noted"] = Field(
        "", description="Samples that a reader marked so."
    )
    sort: Literal["position", "score", "latency", "output_tokens", "cost", "length"] = Field(
        "position", description="`length` is the answer's, in characters."
    )
    order: Literal["asc", "desc"] = "asc"


class SamplePath(RunPath):
    """Which sample."""

    sample_id: str = Field(
        description="Its id, percent-encoded; always possible, and needed where it is `.`, `..` "
        "or has `//`: `~` and the base64url of its UTF-8."
    )


class MarkBody(Body):
    """What a reader notes of a sample; what is missing stays as it is."""

    starred: StrictBool | None = None
    to_review: StrictBool | None = None
    note: Annotated[Text, StringConstraints(max_length=MAX_NOTE)] | None = Field(
        None, description="An empty one is none."
    )


class EpochQuery(BaseModel):
    """Which repetition."""

    epoch: int = Field(1, ge=1, le=MAX_EPOCH)


class ExportQuery(BaseModel):
    """Which format."""

    format: Literal["csv", "jsonl", "json", "html"] = "csv"
    bom: bool = Field(False, description="Begin CSV with a byte order mark, as Excel wants it.")
    hide_texts: bool = Field(False, description="HTML without prompts and answers.")
