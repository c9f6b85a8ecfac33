"""What tokens cost, for whole runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.engine.pricing import Price, price_of

CostOf = Callable[[int, int, int], float | None]
"""USD for (input tokens, output tokens, calls); ``None`` where the price is not known."""


@dataclass(frozen=True, slots=True)
class Tariff:
    """The price of a model, if it is known.

    Attributes:
        price: ``None`` where it is not known.
        free: A simulated model.
    """

    price: Price | None
    free: bool = False

    @property
    def known(self) -> bool:
        """Whether a cost can be computed."""
        return self.free or self.price is not None

    @property
    def source(self) -> str:
        """The source and date of the price, as pages show it."""
        if self.free:
            return "simulated"
        if self.price is None:
            return "unknown"
        dated = f", prices as of {self.price.as_of}" if self.price.as_of else ""
        return f"{self.price.source}{dated}"

    def cost_usd(self, input_tokens: int, output_tokens: int, calls: int) -> float | None:
        """Return the cost of calls of similar size.

        Prices may depend on the size of a prompt, so the average call is priced.
        """
        if self.free:
            return 0.0
        if self.price is None:
            return None
        number = max(1, calls)
        return number * self.price.cost_usd(
            round(input_tokens / number), round(output_tokens / number)
        )


def tariff_of(model: str, *, simulated: bool) -> Tariff:
    """Return the tariff of ``connection/model-id``."""
    if simulated:
        return Tariff(None, free=True)
    provider, _, model_id = model.partition("/")
    return Tariff(price_of(provider, model_id))
