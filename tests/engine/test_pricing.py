from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest
from genai_prices import Usage, calc_price

from app.engine.price import flat_price
from app.engine.pricing import price_at, price_list_date
from app.engine.types import TokenUsage

GOOGLE = "https://generativelanguage.googleapis.com/v1beta/openai"


@pytest.mark.parametrize(
    ("url", "model", "listed"),
    [
        ("https://api.openai.com/v1", "gpt-4o-mini", "openai"),
        ("https://api.anthropic.com/v1", "claude-sonnet-4-5", "anthropic"),
        (GOOGLE, "gemini-2.5-pro", "google"),
        ("https://api.groq.com/openai/v1", "llama-3.1-8b-instant", "groq"),
        ("https://api.x.ai/v1", "grok-3", "x-ai"),
    ],
)
@pytest.mark.parametrize(
    ("spent_in", "cached", "spent_out"),
    [(1_000, 0, 100), (1_000, 900, 100), (250_000, 0, 5_000), (250_000, 40_000, 5_000), (0, 0, 0)],
)
def test_costs_are_those_of_the_price_list(url, model, listed, spent_in, cached, spent_out):
    price = price_at(url, model)
    assert price is not None
    usage = Usage(input_tokens=spent_in, cache_read_tokens=cached, output_tokens=spent_out)
    if price.cached_tiers is None:  # then cached tokens cost as others do
        usage = Usage(input_tokens=spent_in, output_tokens=spent_out)
    expected = calc_price(usage, model, provider_id=listed).total_price
    ours = price.cost_usd(TokenUsage(spent_in, spent_out, cached))
    assert ours == pytest.approx(float(expected))


def test_writing_to_the_cache_has_its_own_price():
    price = price_at("https://api.anthropic.com/v1", "claude-sonnet-4-5")
    assert price is not None
    usage = Usage(
        input_tokens=5_000, cache_read_tokens=3_000, cache_write_tokens=1_500, output_tokens=10
    )
    expected = calc_price(usage, "claude-sonnet-4-5", provider_id="anthropic").total_price
    ours = price.cost_usd(TokenUsage(5_000, 10, 3_000, 1_500))
    assert ours == pytest.approx(float(expected))
    assert ours == pytest.approx((500 * 3 + 3_000 * 0.3 + 1_500 * 3.75 + 10 * 15) / 1e6)


def test_a_price_says_where_and_when_it_is_from():
    price = price_at("https://api.openai.com/v1", "gpt-4o-mini")
    assert price is not None
    assert price.as_of is not None
    assert price.source.startswith("genai-prices ")
    assert price.as_of == price_list_date()
    assert price.as_of <= datetime.now(UTC).date()
    assert price.input_usd_per_million < price.output_usd_per_million


@pytest.mark.parametrize("usage", [TokenUsage(), TokenUsage(5), TokenUsage(None, 5)])
def test_what_was_not_counted_has_no_cost_unless_nothing_is_charged(usage):
    listed = price_at("https://api.openai.com/v1", "gpt-4o-mini")
    assert listed is not None
    assert listed.cost_usd(usage) is None
    assert flat_price(0, 0, None, "own").cost_usd(usage) == 0
    assert flat_price(0, 0, 1, "own").cost_usd(usage) is None


def test_without_a_price_of_its_own_cached_input_costs_as_other_input():
    usage = TokenUsage(1_000_000, 0, 400_000)
    assert flat_price(2, 8, None, "own").cost_usd(usage) == pytest.approx(2.0)
    assert flat_price(2, 8, 0.5, "own").cost_usd(usage) == pytest.approx(1.2 + 0.2)


def test_the_price_list_is_loaded_at_first_use_only():
    script = "import sys, app.engine.pricing; sys.exit('genai_prices' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)  # noqa: S603
