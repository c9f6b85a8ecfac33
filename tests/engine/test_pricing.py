from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest
from genai_prices import Usage, calc_price

from app.engine.pricing import price_list_date, price_of


@pytest.mark.parametrize(
    ("provider", "model", "listed"),
    [
        ("openai", "gpt-4o-mini", "openai"),
        ("anthropic", "claude-sonnet-4-5", "anthropic"),
        ("google", "gemini-2.5-pro", "google"),
        ("groq", "llama-3.1-8b-instant", "groq"),
        ("xai", "grok-3", "x-ai"),
    ],
)
@pytest.mark.parametrize(("spent_in", "spent_out"), [(1_000, 100), (250_000, 5_000), (0, 0)])
def test_costs_are_those_of_the_price_list(provider, model, listed, spent_in, spent_out):
    price = price_of(provider, model)
    assert price is not None
    usage = Usage(input_tokens=spent_in, output_tokens=spent_out)
    expected = calc_price(usage, model, provider_id=listed).total_price
    assert price.cost_usd(spent_in, spent_out) == pytest.approx(float(expected))


def test_a_price_says_where_and_when_it_is_from():
    price = price_of("openai", "gpt-4o-mini")
    assert price is not None
    assert price.as_of is not None
    assert price.source.startswith("genai-prices ")
    assert price.as_of == price_list_date()
    assert price.as_of <= datetime.now(UTC).date()
    assert price.input_usd_per_million < price.output_usd_per_million


@pytest.mark.parametrize(
    ("provider", "model"),
    [("openai", "no-such-model"), ("nobody", "x"), ("ollama", "llama3"), ("simulated", "x")],
)
def test_an_unknown_price_is_none_and_not_zero(provider, model):
    assert price_of(provider, model) is None


def test_the_price_list_is_loaded_at_first_use_only():
    script = "import sys, app.engine.pricing; sys.exit('genai_prices' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)  # noqa: S603
