"""Benchmarks and estimates."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, Field

from app.blueprints.api.schemas.fields import PageAnswer, PageQuery, Text
from app.blueprints.api.schemas.runs import SampleAnswer


class SourceAnswer(BaseModel):
    """Where the questions come from."""

    kind: str
    dataset: str | None
    revision: str | None
    url: str | None


class BenchmarkAnswer(BaseModel):
    """A benchmark in the list."""

    name: str
    title: str
    category: str
    version: int
    description: str
    samples: int
    source: SourceAnswer
    license: str
    metric: str
    scorer: str
    offline: bool
    requirements: list[str]
    protocols: list[str]
    default_protocol: str
    judged_protocols: list[str] = Field(description="Those whose scorer asks a second model.")


class BenchmarkList(PageAnswer):
    """Benchmarks."""

    items: list[BenchmarkAnswer]


class OwnVersionAnswer(BaseModel):
    """A version of your own data."""

    version: int
    samples: int
    scorer: str
    created_at: AwareDatetime


class ProtocolAnswer(BaseModel):
    """How one reference runs a benchmark; null: the provider's default."""

    name: str
    scorer: str
    fewshot: int = Field(description="Examples in the prompt.")
    epochs: int
    temperature: float | None
    max_tokens: int | None
    default: bool
    differences: list[str] = Field(description="From the reference, and faults kept from it.")


class BenchmarkDetail(BenchmarkAnswer):
    """A benchmark with its prompt and an example."""

    prompt_template: str
    example: dict[str, Any] | None
    fewshot: int
    protocol_details: list[ProtocolAnswer]
    citation: str
    versions: list[OwnVersionAnswer] = Field(
        [], description="Of your own data, the latest first; each can be run."
    )
    warnings: list[str] = Field(description="Where a prompt of yours contradicts its scorer.")


class BenchmarkPath(BaseModel):
    """Which benchmark."""

    name: str


class BenchmarkQuery(PageQuery):
    """Which benchmarks."""

    q: Text = ""
    category: Text = ""
    offline: bool | None = Field(None, description="Only those that need neither hub nor mirror.")


class RangeAnswer(BaseModel):
    """A low and a high estimate."""

    low: float
    high: float


class CheckAnswer(BaseModel):
    """One thing that was looked at before a start; one that fails refuses it."""

    name: str = Field(description="Stable, snake_case.")
    state: Literal["ok", "warn", "fail"]
    message: str
    action: str | None


class EstimateAnswer(BaseModel):
    """What a run will need."""

    samples: int
    calls: int
    input_tokens: int
    output_tokens: RangeAnswer
    cost_usd: RangeAnswer | None
    judge_cost_usd: RangeAnswer | None
    price_known: bool
    price_source: str
    duration_s: RangeAnswer
    basis: str
    checks: list[CheckAnswer]


class TriedSample(SampleAnswer):
    """A sample that was asked and scored, and not stored."""

    cost_usd: float | None = Field(description="Of model and judge; null: a price is not known.")
    duration_s: float = Field(description="With scoring.")


class TrialAnswer(BaseModel):
    """One real call."""

    sample: TriedSample
