"""Benchmarks and estimates."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from app.blueprints.api.schemas.fields import PageAnswer, PageQuery, Text


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


class BenchmarkList(PageAnswer):
    """Benchmarks."""

    items: list[BenchmarkAnswer]


class BenchmarkDetail(BenchmarkAnswer):
    """A benchmark with its prompt and an example."""

    prompt_template: str
    example: dict[str, Any] | None
    fewshot: int
    citation: str


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
    checks: list[dict[str, Any]]
