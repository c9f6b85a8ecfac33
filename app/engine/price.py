"""What the tokens of one model cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from app.engine.types import TokenUsage

Tiers = tuple[tuple[int, float], ...]
"""``(from so many input tokens, USD per million)``, rising; the first starts at 0."""


@dataclass(frozen=True, slots=True)
class Price:
    """What one model costs.

    Attributes:
        input_tiers: USD per million input tokens.
        output_tiers: USD per million output tokens, by the size of the input.
        source: Who says so: package and version of the price list, or the account itself.
        cached_tiers: USD per million input tokens that were read from the provider's cache;
            ``None``: they cost as much as others.
        write_tiers: The same of those that were written to it.
        as_of: The newest date in the price list: it is not older than that.
        own: The account entered it.
    """

    input_tiers: Tiers
    output_tiers: Tiers
    source: str
    cached_tiers: Tiers | None = None
    write_tiers: Tiers | None = None
    as_of: date | None = None
    own: bool = False

    @property
    def input_usd_per_million(self) -> float:
        """Price of a million input tokens, for prompts of ordinary size."""
        return self.input_tiers[0][1]

    @property
    def cached_input_usd_per_million(self) -> float:
        """Price of a million input tokens that were read from a cache."""
        return (self.cached_tiers or self.input_tiers)[0][1]

    @property
    def output_usd_per_million(self) -> float:
        """Price of a million output tokens, for prompts of ordinary size."""
        return self.output_tiers[0][1]

    @property
    def is_zero(self) -> bool:
        """Whether nothing is charged, however many tokens there are."""
        every = (self.input_tiers, self.output_tiers, self.cached_tiers, self.write_tiers)
        return not any(usd for tiers in every if tiers for _, usd in tiers)

    def cost_usd(self, usage: TokenUsage) -> float | None:
        """Return the cost of one call (not of a sum of calls, which may reach another tier).

        ``None`` where the usage is not known, unless nothing is charged anyway.
        """
        input_tokens, output_tokens = usage.input_tokens, usage.output_tokens
        if input_tokens is None or output_tokens is None:
            return 0.0 if self.is_zero else None
        cached_input_tokens = usage.cached_input_tokens or 0
        cache_write_tokens = usage.cache_write_tokens or 0
        plain_tokens = max(0, input_tokens - cached_input_tokens - cache_write_tokens)
        spent = plain_tokens * _tier(self.input_tiers, input_tokens)
        spent += output_tokens * _tier(self.output_tiers, input_tokens)
        if cached_input_tokens:
            cached = self.cached_tiers or self.input_tiers
            spent += cached_input_tokens * _tier(cached, input_tokens)
        if cache_write_tokens:
            written = self.write_tiers or self.input_tiers
            spent += cache_write_tokens * _tier(written, input_tokens)
        return spent / 1_000_000


def flat_price(
    input_usd_per_mtok: float,
    output_usd_per_mtok: float,
    cached_input_usd_per_mtok: float | None,
    source: str,
) -> Price:
    """Return a price that an account entered, in USD per million tokens."""
    cached = cached_input_usd_per_mtok
    return Price(
        input_tiers=((0, input_usd_per_mtok),),
        output_tiers=((0, output_usd_per_mtok),),
        cached_tiers=None if cached is None else ((0, cached),),
        source=source,
        own=True,
    )


def _tier(tiers: Tiers, input_tokens: int) -> float:
    price = tiers[0][1]
    for start, higher in tiers[1:]:
        if input_tokens > start:
            price = higher
    return price
