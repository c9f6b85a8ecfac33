"""Checks a run's budget and prepares it for the engine."""

from __future__ import annotations

from app.engine.run.budget import Budget, PriceOf
from app.engine.token_counts import count_tokens
from app.errors import Invalid
from app.formats import exact_usd
from app.models import Run
from app.recorder import Counts
from app.services.connections.tariffs import CostOf, Tariff, find_tariff

_UNKNOWN_OUTPUT_TOKENS = 1_000


def check_budget(account_id: int, budget_usd: float | None, model: str, judge: str | None) -> None:
    """Refuse a budget if a price is unknown, since it could not be enforced.

    Raises:
        Invalid: The price of the model, or of its judge, is not known.
    """
    if budget_usd is None:
        return
    for name, tariff in _tariffs(account_id, model, judge):
        if not tariff.known:
            raise Invalid(
                f"The price of {name} is not known, so a budget in US$ cannot be kept.",
                code="price_unknown",
                fields={"budget_usd": [f"The price of {name} is not known."]},
                action="Leave the budget out, or enter your own price in Settings → Connections.",
            )


def check_further_budget(run: Run, budget_usd: float) -> None:
    """Refuse a new budget that the run has already used up.

    Raises:
        Invalid: It is spent already, or a price is not known.
    """
    check_budget(run.user_id, budget_usd, run.model, run.config.get("judge"))
    spent_usd = (run.cost_usd or 0.0) + (run.judge_cost_usd or 0.0)
    if budget_usd <= spent_usd:
        raise Invalid(
            f"The run has already cost {exact_usd(spent_usd)}, so a budget of "
            f"{exact_usd(budget_usd)} is used up.",
            fields={"budget_usd": [f"Enter more than the {exact_usd(spent_usd)} already spent."]},
            action="Enter a larger budget; it covers the whole run from its start.",
        )


def budget_of(run: Run, counts: Counts) -> Budget | None:
    """Return the budget of an active run; ``None`` without one.

    Args:
        run: Its ``config`` holds ``budget_usd``.
        counts: What its rows add up to: those are spent.

    Raises:
        Invalid: A price is not known any more, so that the budget could not be kept.
    """
    limit_usd = run.config["budget_usd"]
    if limit_usd is None:
        return None
    judge = run.config.get("judge")
    check_budget(run.user_id, limit_usd, run.model, judge)
    tariffs = _tariffs(run.user_id, run.model, judge)
    prices = [_price_of(tariff.cost_of) for _, tariff in tariffs if tariff.cost_of]
    model_id = run.model.partition("/")[2]
    return Budget(
        limit_usd,
        prices[0],
        spent_usd=max(_spent_usd(run, counts), (run.cost_usd or 0) + (run.judge_cost_usd or 0)),
        output_tokens=_longest_answer(run),
        count=lambda text: count_tokens(text, model_id)[0],
        judge_price=prices[1] if judge else None,
    )


def _tariffs(account_id: int, model: str, judge: str | None) -> list[tuple[str, Tariff]]:
    names = [model, judge] if judge else [model]
    return [(name, find_tariff(account_id, name)) for name in names]


def _price_of(cost_of: CostOf) -> PriceOf:
    return lambda usage: cost_of(usage) or 0.0


def _spent_usd(run: Run, counts: Counts) -> float:
    """Return what the rows cost; those without token counts as much as was estimated for each."""
    spent = (counts.cost_usd or 0.0) + (counts.judge_cost_usd or 0.0)
    estimate = run.estimate or {}
    calls = estimate.get("calls") or 0
    if not calls:
        return spent
    for name, number in (
        ("cost_usd", counts.unmetered),
        ("judge_cost_usd", counts.judge_unmetered),
    ):
        spent += number * ((estimate.get(name) or {}).get("high") or 0.0) / calls
    return spent


def _longest_answer(run: Run) -> int:
    """Return the longest answer of a run that names none: the limit that is sent, or estimated."""
    if run.config["max_tokens"]:
        return int(run.config["max_tokens"])
    estimate = run.estimate or {}
    calls = estimate.get("calls") or 0
    high = (estimate.get("output_tokens") or {}).get("high") or 0
    return round(high / calls) if calls and high else _UNKNOWN_OUTPUT_TOKENS
