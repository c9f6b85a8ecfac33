"""Models."""

from __future__ import annotations

from pydantic import BaseModel, Field

from app.blueprints.api.schemas.fields import PageAnswer, PageQuery, Text
from app.services.connections.model_catalog import ModelInfo


class ModelQuery(PageQuery):
    """Which models."""

    connection: Text | None = Field(None, max_length=80, description="Only of this connection.")
    benchmark: Text | None = Field(
        None, max_length=80, description="Also say which models suit this benchmark."
    )
    q: Text | None = Field(None, max_length=200, description="Part of the id.")


class PriceAnswer(BaseModel):
    """The price of a million tokens, in US dollars."""

    input_usd_per_mtok: float
    cached_input_usd_per_mtok: float = Field(description="Of tokens read from a cache.")
    output_usd_per_mtok: float
    source: str = Field(description="Who says so: a price list with its date, or you.")


class Model(BaseModel):
    """A model that a run can use."""

    id: str = Field(description="connection/model-id")
    context_tokens: int | None
    price: PriceAnswer | None = Field(description="null: not known.")
    simulated: bool
    compatible: bool
    reason: str | None = Field(description="Why it does not suit the benchmark.")

    @classmethod
    def of(cls, model: ModelInfo) -> Model:
        """Return the model as the API shows it."""
        return cls.model_validate(model, from_attributes=True)


class ListingError(BaseModel):
    """A connection that could not list its models."""

    connection: str
    code: str
    message: str
    action: str | None


class ModelList(PageAnswer):
    """Models of the account's connections."""

    items: list[Model]
    errors: list[ListingError] = Field(description="Connections whose models are missing here.")
