"""Checks the prices that an account enters for the models of a connection."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

ANY_MODEL = "*"
"""The key of the price of all models of a connection that have none of their own."""

INPUT, CACHED, OUTPUT = "input_usd_per_mtok", "cached_input_usd_per_mtok", "output_usd_per_mtok"
MAX_USD_PER_MTOK = 100_000.0
MAX_PRICES = 200
MAX_MODEL_LENGTH = 180

_FIELDS = {INPUT: "input", CACHED: "cached input", OUTPUT: "output"}


def cleaned_prices(given: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return prices as they are stored: models without blanks around them, numbers as floats."""
    return {
        model.strip(): {
            field: float(price[field]) for field in _FIELDS if price.get(field) is not None
        }
        for model, price in given.items()
    }


def price_problem(prices: Mapping[str, Mapping[str, float]]) -> str | None:
    """Return what is wrong with prices, in a sentence; ``None`` if nothing is."""
    if len(prices) > MAX_PRICES:
        return f"Enter at most {MAX_PRICES} prices."
    for model, price in prices.items():
        if not model or len(model) > MAX_MODEL_LENGTH or not model.isprintable():
            return "Name a model as the server calls it, or * for all of them."
        name = "all models" if model == ANY_MODEL else model
        for field in (INPUT, OUTPUT):
            if field not in price:
                return f"Enter the {_FIELDS[field]} price of {name}; 0 if it costs nothing."
        for field, usd in price.items():
            if not (math.isfinite(usd) and 0 <= usd <= MAX_USD_PER_MTOK):
                return (
                    f"The {_FIELDS[field]} price of {name} must be 0 to {MAX_USD_PER_MTOK:,.0f} "
                    "US$ for a million tokens."
                )
    return None
