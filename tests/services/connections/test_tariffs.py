"""The price of a model hangs on the address and on what the account says, never on a name."""

from __future__ import annotations

from typing import Any

import pytest

from app.engine.types import TokenUsage
from app.services.connections.store import ConnectionInfo
from app.services.connections.tariffs import tariff_at

OPENAI, LOCAL = "https://api.openai.com/v1", "http://127.0.0.1:8000/v1"
FREE = {"input_usd_per_mtok": 0.0, "output_usd_per_mtok": 0.0}
OWN = {"input_usd_per_mtok": 1.0, "cached_input_usd_per_mtok": 0.1, "output_usd_per_mtok": 4.0}


def tariff(name: str, url: str, model: str = "gpt-4o-mini", /, **prices: Any) -> Any:
    return tariff_at(ConnectionInfo(name, "openai_compatible", url, prices=prices), model)


@pytest.mark.parametrize("name", ["openai", "work", "my-openai-vllm", "ollama"])
def test_the_name_says_nothing(name):
    assert tariff(name, OPENAI).cost_usd(1_000_000, 0, 1) == pytest.approx(0.15)
    unknown = tariff(name, LOCAL)
    assert (unknown.known, unknown.source) == (False, "unknown")
    assert unknown.cost_usd(1_000_000, 0, 1) is None


def test_an_own_price_goes_before_the_list_and_one_of_a_model_before_that_of_all():
    own = {"*": FREE, "gpt-4o-mini": OWN}
    assert tariff("x", OPENAI, **own).cost_usd(1_000_000, 0, 1) == pytest.approx(1.0)
    assert tariff("x", OPENAI, "gpt-4o", **own).cost_usd(1_000_000, 0, 1) == 0
    cost_of = tariff("x", LOCAL, **own).cost_of
    assert cost_of(TokenUsage(1000, 10, 900)) == pytest.approx((100 + 90 + 40) / 1e6)
    assert tariff("x", LOCAL, **own).source == "your own price"


def test_what_costs_nothing_does_so_without_counts():
    assert tariff("x", LOCAL, **{"*": FREE}).cost_of(TokenUsage()) == 0
    assert tariff("x", LOCAL, **{"*": OWN}).cost_of(TokenUsage()) is None


def test_a_simulated_model_costs_nothing():
    free = tariff_at(ConnectionInfo("simulated", "simulated", ""), "careful")
    assert (free.cost_usd(10**6, 10**6, 5), free.source) == (0, "simulated")
