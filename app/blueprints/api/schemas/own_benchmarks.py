"""Benchmarks of the account's own data."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from app.blueprints.api.schemas.fields import Text
from app.services.own_benchmarks.save_requests import OwnColumns, OwnRequest


class PreviewForm(OwnColumns):
    """A file, and what its columns hold; without a mapping only the columns are shown."""


class SaveForm(OwnRequest):
    """A file and the benchmark to make of it."""


class OwnPath(BaseModel):
    """Which benchmark, without ``own/``."""

    slug: Text


class PromptPreview(BaseModel):
    """One question as it will be sent."""

    id: str
    prompt: str = Field(description="Its first 20,000 characters.")
    prompt_chars: int = Field(description="How many it has in all.")
    target: str | list[str]
    category: str | None


class OwnPreview(BaseModel):
    """The columns and first rows of a file."""

    columns: list[str]
    guess: dict[str, Any] = Field(description="What the columns probably hold, by their names.")
    rows: list[dict[str, Any]] = Field(description="The first rows; long cells are cut.")
    row_count: int | None = Field(
        description="How many there are; null: not counted within three seconds, or one is wrong."
    )
    prompts: list[PromptPreview] | None = Field(description="null: no column is mapped yet.")
    warnings: list[str] = Field(
        description="Where prompt and scorer contradict each other; what is assumed of the file."
    )
