"""What a model's tokens cost, from the price list within the ``genai-prices`` package.

The list is never updated over the network: prices change with the package only, so that an
estimate can be reproduced. The package is imported at first use, since that takes 0.2 s.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, TieredPrices

Tiers = tuple[tuple[int, float], ...]
"""``(from so many input tokens, USD per million)``, rising; the first starts at 0."""

_PACKAGE = "genai-prices"
_NAMES = {"xai": "x-ai"}
_FREE = frozenset({"ollama", "vllm", "lmstudio", "llamacpp", "simulated"})
_VERIFIED = re.compile(r"verified on (\d{4}-\d{2}-\d{2})")


@dataclass(frozen=True, slots=True)
class Price:
    """What one model costs.

    Attributes:
        model: The model's id in the price list, which may be shorter than the one asked for.
        input_tiers: USD per million input tokens.
        output_tiers: USD per million output tokens, by the size of the input.
        source: Package and version that the price is from.
        as_of: The newest date in the price list: it is not older than that.
    """

    model: str
    input_tiers: Tiers
    output_tiers: Tiers
    source: str
    as_of: date | None

    @property
    def input_usd_per_million(self) -> float:
        """Price of a million input tokens, for prompts of ordinary size."""
        return self.input_tiers[0][1]

    @property
    def output_usd_per_million(self) -> float:
        """Price of a million output tokens, for prompts of ordinary size."""
        return self.output_tiers[0][1]

    def cost_usd(self, input_tokens: int, output_tokens: int) -> float:
        """Return the cost of one call (not of a sum of calls, which may reach another tier)."""
        spent = input_tokens * _tier(self.input_tiers, input_tokens)
        spent += output_tokens * _tier(self.output_tiers, input_tokens)
        return spent / 1_000_000


@lru_cache(maxsize=1024)  # users name the models
def price_of(provider: str, model: str) -> Price | None:
    """Return today's standard price of a model; ``None`` where it is not known.

    Args:
        provider: A name of ``app.engine.clients.providers``. Servers of one's own have no
            price: what they cost is not known, rather than nothing.
        model: The model's id at the provider.
    """
    if provider in _FREE:
        return None
    from genai_prices.data_snapshot import get_snapshot

    try:
        _, info = get_snapshot().find_provider_model(
            model, None, _NAMES.get(provider, provider), None
        )
    except LookupError:
        return None
    prices = info.get_prices(datetime.now(UTC))
    input_price = getattr(prices, "input_mtok", None)
    output_price = getattr(prices, "output_mtok", None)
    if input_price is None or output_price is None:
        return None
    return Price(
        model=info.id,
        input_tiers=_tiers(input_price),
        output_tiers=_tiers(output_price),
        source=f"{_PACKAGE} {version(_PACKAGE)}",
        as_of=price_list_date(),
    )


@cache
def price_list_date() -> date | None:
    """Return the newest date of a verified or changed price in the list."""
    from genai_prices.data_snapshot import get_snapshot

    today = datetime.now(UTC).date()
    found = (day for provider in get_snapshot().providers for info in provider.models
             for day in _dates(info))  # fmt: skip
    return max((day for day in found if day <= today), default=None)


def _dates(info: ModelInfo) -> Iterator[date]:
    for text in _VERIFIED.findall(info.price_comments or ""):
        yield date.fromisoformat(text)
    for row in info.prices if isinstance(info.prices, list) else ():
        starts = getattr(row.constraint, "start_date", None)
        if isinstance(starts, date):
            yield starts


def _tiers(price: Decimal | TieredPrices) -> Tiers:
    if isinstance(price, Decimal):
        return ((0, float(price)),)
    further = ((tier.start, float(tier.price)) for tier in price.tiers)
    return ((0, float(price.base)), *sorted(further))


def _tier(tiers: Tiers, input_tokens: int) -> float:
    price = tiers[0][1]
    for start, higher in tiers[1:]:
        if input_tokens > start:
            price = higher
    return price
