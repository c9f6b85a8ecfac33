"""Webhooks and their deliveries."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictBool

from app.blueprints.api.schemas.fields import Body, PageAnswer, Text
from app.services.webhooks.endpoints import DEFAULTS

Event = Literal["run.completed", "run.failed", "run.canceled", "run.paused"]
Url = Annotated[Text, Field(min_length=1, max_length=2000)]
Description = Annotated[Text, Field(max_length=200)]


class WebhookBody(Body):
    """An endpoint to create."""

    url: Url
    events: list[Event] = Field(default=list(DEFAULTS["events"]), min_length=1)
    description: Description = DEFAULTS["description"]
    enabled: StrictBool = DEFAULTS["enabled"]
    long_schedule: StrictBool = Field(
        DEFAULTS["long_schedule"], description="Retry for a day and a half, not 11 minutes."
    )


class WebhookPatch(Body):
    """What to change."""

    url: Url | None = None
    events: Annotated[list[Event], Field(min_length=1)] | None = None
    description: Description | None = None
    enabled: StrictBool | None = None
    long_schedule: StrictBool | None = None


class Shown(BaseModel):
    """What may be shown of something stored: the fields named here, and no others of it."""

    model_config = ConfigDict(from_attributes=True)

    @classmethod
    def of(cls, stored: object) -> Self:
        """Return what may be shown of ``stored``."""
        return cls.model_validate(stored)


class WebhookAnswer(Shown):
    """An endpoint."""

    id: str
    url: str
    description: str
    events: list[str]
    enabled: bool
    long_schedule: bool
    disabled_reason: str | None
    created_at: AwareDatetime


class NewWebhook(WebhookAnswer):
    """An endpoint with its secret, which is shown only once."""

    secret: str


class Secret(BaseModel):
    """A new secret, shown only once."""

    secret: str


class WebhookList(PageAnswer):
    """Endpoints."""

    items: list[WebhookAnswer]


class WebhookPath(BaseModel):
    """Which endpoint."""

    webhook_id: str


class DeliveryPath(BaseModel):
    """Which delivery."""

    delivery_id: str


class TestAnswer(BaseModel):
    """The result of a test."""

    ok: bool
    status_code: int | None
    latency_ms: int
    error: str | None


class Attempt(Shown):
    """One request to an endpoint."""

    number: int
    at: AwareDatetime
    status_code: int | None
    latency_ms: int | None
    error: str | None
    sent_body: str | None = Field(description="The start of what was sent.")
    body_excerpt: str


class DeliveryAnswer(Shown):
    """One event for one endpoint."""

    id: str
    run_id: str | None
    event: str
    status: str
    test: bool
    attempts: list[Attempt]
    next_attempt_at: AwareDatetime | None
    created_at: AwareDatetime


class DeliveryList(PageAnswer):
    """Deliveries."""

    items: list[DeliveryAnswer]
