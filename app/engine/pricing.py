"""What a model costs at an address, from the price list within the ``genai-prices`` package.

The list is never updated over the network: prices change with the package only, so that an
estimate can be reproduced. The package is imported at first use, since that takes 0.2 s.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from app.engine.price import Price, Tiers
from app.engine.priced_hosts import Seller, sellers

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, TieredPrices

_PACKAGE = "genai-prices"
_VERIFIED = re.compile(r"verified on (\d{4}-\d{2}-\d{2})")
_FREE_ON_OPENROUTER = ":free"


@lru_cache(maxsize=1024)  # users name the models
def price_at(base_url: str, model: str) -> Price | None:
    """Return today's standard price of a model at an address; ``None`` where it is not known.

    Args:
        base_url: Of the connection. Servers of one's own have no price: what they cost is not
            known, rather than nothing.
        model: The model's id there.
    """
    for seller in sellers(base_url, model):
        info = find_info(seller)
        price = _price(seller, info) if info is not None else None
        if price is not None:
            return price
    return None


@lru_cache(maxsize=4096)
def context_tokens_at(base_url: str, model: str) -> int | None:
    """Return the context length of a model at an address; ``None`` where it is not listed."""
    for seller in sellers(base_url, model):
        info = find_info(seller)
        if info is not None and info.context_window is not None:
            return int(info.context_window)
    return None


def find_info(seller: Seller) -> ModelInfo | None:
    """Return what the price list says of a model; ``None`` if it is not in it."""
    from genai_prices.data_snapshot import get_snapshot

    try:
        return get_snapshot().find_provider_model(seller.model, None, seller.provider, None)[1]
    except LookupError:
        return None


def _price(seller: Seller, info: ModelInfo) -> Price | None:
    prices: Any = info.get_prices(datetime.now(UTC))
    read, written = prices.input_mtok, prices.output_mtok
    if seller.provider == "openrouter" and seller.model.endswith(_FREE_ON_OPENROUTER):
        read = written = Decimal(0)  # the list leaves them out
    if read is None or written is None:
        return None
    cached, stored = prices.cache_read_mtok, prices.cache_write_mtok
    return Price(
        input_tiers=_tiers(read),
        output_tiers=_tiers(written),
        cached_tiers=None if cached is None else _tiers(cached),
        write_tiers=None if stored is None else _tiers(stored),
        source=f"{_PACKAGE} {version(_PACKAGE)} ({seller.provider})",
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
