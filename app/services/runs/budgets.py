"""Checks a run's budget and prepares it for the engine."""

from __future__ import annotations

from app.engine.run.budget import Budget, PriceOf
from app.engine.token_counts import count_tokens
from app.errors import Invalid
from app.formats import exact_usd
from app.models import Run
from app.recorder import Counts
from app.services.runs.costs import Tariff, tariff_of

_UNKNOWN_OUTPUT_TOKENS = 1_000


def check_budget(
    budget_usd: float | None, model: str, judge: str | None, *, simulated: bool
) -> None:
    """Refuse a budget if a price is unknown, since it could not be enforced.

    Raises:
        Invalid: The price of the model, or of its judge, is not known.
    """
    if budget_usd is None:
        return
    for name, tariff in _tariffs(model, judge, simulated=simulated):
        if not tariff.known:
            raise Invalid(
                f"The price of {name} is not known, so a budget in US$ cannot be kept.",
                code="price_unknown",
                fields={"budget_usd": [f"The price of {name} is not known."]},
                action="Leave the budget out, and bound the cost by a sample limit and max_tokens.",
            )


def check_further_budget(run: Run, budget_usd: float) -> None:
    """Refuse a new budget that the run has already used up.

    Raises:
        Invalid: It is spent already, or a price is not known.
    """
    check_budget(budget_usd, run.model, run.config.get("judge"), simulated=run.simulated)
    spent_usd = (run.cost_usd or 0.0) + (run.judge_cost_usd or 0.0)
    if budget_usd <= spent_usd:
        raise Invalid(
            f"The run has already cost {exact_usd(spent_usd)}, so a budget of "
            f"{exact_usd(budget_usd)} is used up.",
            fields={"budget_usd": [f"Enter more than the {exact_usd(spent_usd)} already spent."]},
            action="Enter a larger budget; it covers the whole run from its start.",
        )


def budget_of(run: Run, counts: Counts) -> Budget | None:
    """Return the budget of an active run; ``None`` without one, or without known prices.

    Args:
        run: Its ``config`` holds ``budget_usd``.
        counts: What its rows add up to: those are spent.
    """
    limit_usd = run.config["budget_usd"]
    if limit_usd is None:
        return None
    judge = run.config.get("judge")
    tariffs = [tariff for _, tariff in _tariffs(run.model, judge, simulated=run.simulated)]
    if not all(tariff.known for tariff in tariffs):
        return None  # a run from before prices were asked for
    model_id = run.model.partition("/")[2]
    return Budget(
        limit_usd,
        _price_of(tariffs[0]),
        spent_usd=max(_spent_usd(tariffs, counts), (run.cost_usd or 0) + (run.judge_cost_usd or 0)),
        output_tokens=_longest_answer(run),
        count=lambda text: count_tokens(text, model_id)[0],
        judge_price=_price_of(tariffs[1]) if judge else None,
    )


def judge_tariff(judge: str) -> Tariff:
    """Return the tariff of a judge, ``connection/model-id``."""
    return tariff_of(judge, simulated=judge.startswith("simulated/"))


def _tariffs(model: str, judge: str | None, *, simulated: bool) -> list[tuple[str, Tariff]]:
    found = [(model, tariff_of(model, simulated=simulated))]
    if judge:
        found.append((judge, judge_tariff(judge)))
    return found


def _price_of(tariff: Tariff) -> PriceOf:
    return lambda tokens_in, tokens_out: tariff.cost_usd(tokens_in, tokens_out, 1) or 0.0


def _spent_usd(tariffs: list[Tariff], counts: Counts) -> float:
    spent = tariffs[0].cost_usd(counts.input_tokens, counts.output_tokens, counts.done) or 0.0
    if len(tariffs) > 1:
        judge_usage = (counts.judge_input_tokens, counts.judge_output_tokens, counts.done)
        spent += tariffs[1].cost_usd(*judge_usage) or 0.0
    return spent


def _longest_answer(run: Run) -> int:
    """Return the longest answer of a run that names none: the limit that is sent, or estimated."""
    if run.config["max_tokens"]:
        return int(run.config["max_tokens"])
    estimate = run.estimate or {}
    calls = estimate.get("calls") or 0
    high = (estimate.get("output_tokens") or {}).get("high") or 0
    return round(high / calls) if calls and high else _UNKNOWN_OUTPUT_TOKENS
