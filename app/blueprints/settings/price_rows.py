"""The rows of own prices in the form of a connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from app.errors import Invalid
from app.services.connections.own_prices import ANY_MODEL, CACHED, INPUT, OUTPUT

EMPTY_ROWS = 2
"""Offered beyond those that are filled in; the page's script adds more."""

_NOTHING = {INPUT: 0.0, OUTPUT: 0.0}
_COLUMNS = {INPUT: "price_input", CACHED: "price_cached", OUTPUT: "price_output"}


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One row, as it is typed."""

    model: str = ""
    input: str = ""
    cached: str = ""
    output: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed."""
        return not (self.model or self.input or self.cached or self.output)


@dataclass(frozen=True, slots=True)
class PriceRows:
    """The prices of the form.

    Attributes:
        rows: Filled in.
        costs_nothing: Every model without a price of its own is free.
    """

    rows: tuple[PriceRow, ...] = ()
    costs_nothing: bool = False

    @property
    def shown(self) -> tuple[PriceRow, ...]:
        """The rows with some to fill in."""
        return (*self.rows, *[PriceRow()] * EMPTY_ROWS)


def stored_rows(prices: Mapping[str, Mapping[str, float]]) -> PriceRows:
    """Return stored prices as rows."""
    free = dict(prices.get(ANY_MODEL) or {}) == _NOTHING
    return PriceRows(
        tuple(
            PriceRow(
                "" if model == ANY_MODEL else model,
                *(_typed(price.get(field)) for field in _COLUMNS),
            )
            for model, price in prices.items()
            if not (free and model == ANY_MODEL)
        ),
        costs_nothing=free,
    )


def typed_rows(form: MultiDict[str, str]) -> PriceRows:
    """Return the rows of a sent form, without the empty ones."""
    columns = [form.getlist("price_model"), *map(form.getlist, _COLUMNS.values())]
    rows = (PriceRow(*(text.strip() for text in row)) for row in zip(*columns, strict=False))
    return PriceRows(tuple(row for row in rows if not row.is_empty), "costs_nothing" in form)


def prices_of(typed: PriceRows) -> dict[str, dict[str, float]]:
    """Return the prices to store.

    Raises:
        Invalid: Something typed is no amount, or a model is named twice.
    """
    prices: dict[str, dict[str, float]] = {}
    for row in typed.rows:
        model = row.model or ANY_MODEL
        if model in prices:
            raise _problem(f"There are two prices of {row.model or 'all models'}: keep one.")
        amounts = zip(_COLUMNS, (row.input, row.cached, row.output), strict=True)
        prices[model] = {field: _amount(text) for field, text in amounts if text}
    if typed.costs_nothing and prices.setdefault(ANY_MODEL, _NOTHING) != _NOTHING:
        raise _problem("Models without a price cost nothing, or what you entered: choose one.")
    return prices


def _amount(text: str) -> float:
    try:
        return float(text.lstrip("$"))
    except ValueError:
        raise _problem(f"{text[:20]!r} is no amount. Write prices as 0.15.") from None


def _typed(usd: float | None) -> str:
    return "" if usd is None else f"{usd:.10f}".rstrip("0").rstrip(".")


def _problem(message: str) -> Invalid:
    return Invalid("The connection was not saved.", fields={"prices": [message]})
