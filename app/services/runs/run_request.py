"""The request for a run: one model for form, API and duplicates."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
)

from app.engine.datasets.selection import Order
from app.models.run import MAX_NAME
from app.services.field_types import Number, Storable, Switch, Whole
from app.services.runs.extra_body import check_extra_body

MAX_LIMIT = 200_000
MAX_TAGS = 20
MAX_BUDGET_USD = 1_000_000
MAX_SAMPLE_IDS = 500
MAX_STOPS = 16
MAX_SYSTEM_CHARS = 20_000


Tag = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40), Storable
]


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=MAX_NAME),
    Storable,
    AfterValidator(lambda text: " ".join(text.split())),
]
"""What a run is called, in one line; empty: nothing."""


ModelName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Storable
]
"""``connection/model-id``."""


BenchmarkVersion = Annotated[int, Field(ge=1, le=1_000_000), Whole]
NOT_SENT = ("temperature", "top_p", "max_tokens", "seed", "stop")
"""Options that a run may leave to the provider: ``null`` is a choice, and not the default."""


SampleId = Annotated[str, StringConstraints(min_length=1, max_length=200), Storable]
Stop = Annotated[str, StringConstraints(min_length=1, max_length=200), Storable]
SystemMessage = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_SYSTEM_CHARS, pattern=r"\S"), Storable
]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
ExtraBody = Annotated[dict[str, Any], AfterValidator(check_extra_body)]
Unique = AfterValidator(lambda ids: list(dict.fromkeys(ids)))


class RunOptions(BaseModel):
    """How to run a benchmark; missing options come from protocol and connection.

    A ``null`` where the protocol has a value of its own leaves the parameter to the provider.
    """

    model_config = ConfigDict(extra="forbid")

    protocol: Annotated[str, Field(max_length=32), Storable] | None = Field(
        None, description="Reference whose prompt and scorer are used."
    )
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT), Whole] | None = Field(
        None, description="So many samples only; empty: all."
    )
    sample_ids: (
        Annotated[list[SampleId], Field(min_length=1, max_length=MAX_SAMPLE_IDS), Unique] | None
    ) = Field(None, description="Only these samples.")
    order: Order | None = Field(
        None,
        description="Which samples a limit takes, and the order of asking: a `random` part (the "
        "default), one that is `stratified` by category, or the `first` ones.",
    )
    sample_seed: Annotated[int, Field(ge=0, le=2**31 - 1), Whole] | None = Field(
        None, description="Another seed takes another part; left out, it is the same for all runs."
    )
    epochs: Annotated[int, Field(ge=1, le=100), Whole] | None = Field(
        None, description="How often each sample is asked."
    )
    temperature: Annotated[float, Field(ge=0, le=2), Number] | None = Field(
        None, description="`null`: not sent; left out: the protocol's."
    )
    top_p: Annotated[float, Field(gt=0, le=1), Number] | None = None
    top_k: Annotated[int, Field(ge=-1, le=1_000_000), Whole] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2), Number] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2), Number] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000), Whole] | None = Field(
        None, description="Longest answer, in tokens, thinking included."
    )
    seed: Annotated[int, Field(ge=0, le=2**31 - 1), Whole] | None = None
    stop: Annotated[list[Stop], Field(max_length=MAX_STOPS)] | None = Field(
        None, description="An answer ends before any of these texts."
    )
    system_message: SystemMessage | None = Field(
        None, description="Sent before the benchmark's own system message, if it has one."
    )
    reasoning_effort: Effort | None = Field(
        None, description="How much a reasoning model thinks; which of these it knows, it decides."
    )
    thinking_tokens: Annotated[int, Field(ge=0, le=1_000_000), Whole] | None = Field(
        None, description="Most tokens of thinking, where the provider takes such a budget."
    )
    extra_body: ExtraBody | None = Field(
        None, description="Fields that are added to each request as they are, at most 8 KB."
    )
    timeout_s: Annotated[float, Field(ge=1, le=3600), Number] | None = Field(
        None, description="Longest wait for one answer, in seconds."
    )
    max_connections: Annotated[int, Field(ge=1, le=256), Whole] | None = Field(
        None, description="Calls under way at the same time."
    )
    max_retries: Annotated[int, Field(ge=0, le=20), Whole] | None = Field(
        None, description="Retries of a call after a temporary error."
    )
    stream: Annotated[Literal["auto", True, False], Switch] | None = Field(
        None,
        description="Stream answers, which measures their speed; `auto`: only where the server "
        "does nothing else; left out: as the connection says.",
    )
    judge: ModelName | None = Field(
        None,
        description="`connection/model-id` that scores the answers, where a model does that.",
    )
    budget_usd: Annotated[float, Field(gt=0, le=MAX_BUDGET_USD), Number] | None = Field(
        None, description="The run pauses before it spends more."
    )
    max_error_rate: Annotated[float, Field(ge=0, le=1), Number] | None = Field(
        None, description="A larger share of errors ends the run as failed."
    )


class RunRequest(RunOptions):
    """A benchmark, a model and options."""

    benchmark: Annotated[str, StringConstraints(min_length=1, max_length=80), Storable]
    benchmark_version: BenchmarkVersion | None = Field(
        None, description="Of your own data, also written `own/name@2`; empty: the latest."
    )
    model: ModelName = Field(description="`connection/model-id`")
    name: Name = Field("", description="What the run is called; empty: nothing.")
    tags: Annotated[list[Tag], Field(max_length=MAX_TAGS)] = Field(default_factory=list)
    notes: Annotated[str, StringConstraints(max_length=10_000), Storable] = ""

    def options(self) -> dict[str, Any]:
        """Return the options that were given; ``None``: the parameter is not sent."""
        return {
            name: value
            for name in RunOptions.model_fields
            if (value := getattr(self, name)) is not None
            or (name in NOT_SENT and name in self.model_fields_set)
        }
