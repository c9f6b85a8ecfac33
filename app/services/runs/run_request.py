"""The request for a run: one model for form, API and duplicates."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
)

from app.services.field_types import Number, Storable, Whole

MAX_LIMIT = 200_000
MAX_TAGS = 20
MAX_BUDGET_USD = 1_000_000


Tag = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40), Storable
]


ModelName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Storable
]
"""``connection/model-id``."""


BenchmarkVersion = Annotated[int, Whole, Field(ge=1, le=1_000_000)]


class RunOptions(BaseModel):
    """How to run a benchmark; missing options come from protocol and connection."""

    model_config = ConfigDict(extra="forbid")

    protocol: Annotated[str, Field(max_length=32), Storable] | None = Field(
        None, description="Reference whose prompt and scorer are used."
    )
    limit: Annotated[int, Whole, Field(ge=1, le=MAX_LIMIT)] | None = Field(
        None, description="First so many samples only; empty: all."
    )
    epochs: Annotated[int, Whole, Field(ge=1, le=100)] | None = Field(
        None, description="How often each sample is asked."
    )
    temperature: Annotated[float, Number, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Number, Field(gt=0, le=1)] | None = None
    max_tokens: Annotated[int, Whole, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="Longest answer, in tokens."
    )
    seed: Annotated[int, Whole, Field(ge=0, le=2**31 - 1)] | None = None
    timeout_s: Annotated[float, Number, Field(ge=1, le=3600)] | None = Field(
        None, description="Longest wait for one answer, in seconds."
    )
    max_connections: Annotated[int, Whole, Field(ge=1, le=256)] | None = Field(
        None, description="Calls under way at the same time."
    )
    max_retries: Annotated[int, Whole, Field(ge=0, le=20)] | None = Field(
        None, description="Retries of a call after a temporary error."
    )
    judge: ModelName | None = Field(
        None,
        description="`connection/model-id` that scores the answers, where a model does that.",
    )
    budget_usd: Annotated[float, Number, Field(gt=0, le=MAX_BUDGET_USD)] | None = Field(
        None, description="The run pauses before it spends more."
    )
    max_error_rate: Annotated[float, Number, Field(ge=0, le=1)] | None = Field(
        None, description="A larger share of errors ends the run as failed."
    )


class RunRequest(RunOptions):
    """A benchmark, a model and options."""

    benchmark: Annotated[str, StringConstraints(min_length=1, max_length=80), Storable]
    benchmark_version: BenchmarkVersion | None = Field(
        None, description="Of your own data, also written `own/name@2`; empty: the latest."
    )
    model: ModelName = Field(description="`connection/model-id`")
    tags: Annotated[list[Tag], Field(max_length=MAX_TAGS)] = Field(default_factory=list)
    notes: Annotated[str, StringConstraints(max_length=10_000), Storable] = ""

    def options(self) -> dict[str, Any]:
        """Return the options that were given."""
        return {
            name: value
            for name in RunOptions.model_fields
            if (value := getattr(self, name)) is not None
        }
