"""What tokens cost at a connection: at the account's own price, else at its host's list price."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import select

from app.db import db
from app.engine.price import Price, flat_price
from app.engine.pricing import price_at
from app.engine.types import TokenUsage
from app.errors import NotFound
from app.models import AccountRow
from app.services.connections import store
from app.services.connections.own_prices import ANY_MODEL, CACHED, INPUT, OUTPUT

CostOf = Callable[[TokenUsage], float | None]
"""USD of one call; ``None`` where its usage is not known."""


class Priced(Protocol):
    """What decides on a price: where calls go, and what the account says that they cost."""

    @property
    def simulated(self) -> bool: ...
    @property
    def base_url(self) -> str: ...
    @property
    def prices(self) -> Mapping[str, Mapping[str, float]]: ...


@dataclass(frozen=True, slots=True)
class Tariff:
    """The price of a model, if it is known.

    Attributes:
        price: ``None`` where it is not known.
        simulated: Nobody is called.
    """

    price: Price | None
    simulated: bool = False

    @property
    def known(self) -> bool:
        """Whether a cost can be computed."""
        return self.price is not None

    @property
    def source(self) -> str:
        """The source and date of the price, as pages show it."""
        if self.simulated:
            return "simulated"
        if self.price is None:
            return "unknown"
        dated = f", prices as of {self.price.as_of}" if self.price.as_of else ""
        return f"{self.price.source}{dated}"

    @property
    def cost_of(self) -> CostOf | None:
        """What prices a call; ``None`` where the price is not known."""
        return self.price.cost_usd if self.price else None

    def cost_usd(self, input_tokens: int, output_tokens: int, calls: int) -> float | None:
        """Return the cost of calls of similar size; ``None`` where the price is not known.

        Prices may depend on the size of a prompt, so the average call is priced.
        """
        if self.price is None:
            return None
        number = max(1, calls)
        average = TokenUsage(round(input_tokens / number), round(output_tokens / number))
        return number * (self.price.cost_usd(average) or 0.0)


_NOTHING = flat_price(0.0, 0.0, None, "simulated")
UNKNOWN_TARIFF = Tariff(None)


def tariff_at(connection: Priced, model_id: str) -> Tariff:
    """Return the tariff of a model at a connection."""
    if connection.simulated:
        return Tariff(_NOTHING, simulated=True)
    own = connection.prices.get(model_id) or connection.prices.get(ANY_MODEL)
    if own:
        return Tariff(flat_price(own[INPUT], own[OUTPUT], own.get(CACHED), "your own price"))
    return Tariff(price_at(connection.base_url, model_id))


def find_tariff(account_id: int, model: str) -> Tariff:
    """Return the tariff of ``connection/model-id``; unknown where the connection is gone."""
    name, _, model_id = model.partition("/")
    is_admin = db.session.scalar(select(AccountRow.is_admin).where(AccountRow.id == account_id))
    try:
        connection = store.get_connection(account_id, bool(is_admin), name)
    except NotFound:
        return UNKNOWN_TARIFF
    return tariff_at(connection, model_id)
