"""Pages of the catalog."""

from __future__ import annotations

from flask import Flask

from app.engine.benchmarks.benchmark_registry import all_benchmarks
from app.services.accounts.accounts import Account
from tests.app_fixtures import Browser
from tests.run_fixtures import add_run


def test_the_catalog_shows_every_benchmark(signed_in: Browser) -> None:
    html = signed_in.get("/benchmarks").text
    missing = [name for name in all_benchmarks() if f"/benchmarks/{name}" not in html]
    assert missing == []


def test_the_catalog_is_filtered(signed_in: Browser) -> None:
    html = signed_in.get("/benchmarks?q=chain&offline=1&category=math").text
    assert "/benchmarks/gen_chain_sum" in html
    assert "/benchmarks/gsm8k" not in html
    assert "/benchmarks/gsm8k" in signed_in.get("/benchmarks?category=math").text
    assert signed_in.get("/benchmarks?q=nothing-like-it").status_code == 200


def test_a_benchmark_shows_its_prompt_and_the_accounts_runs(
    app: Flask, signed_in: Browser, owner: Account, second_user: Account
) -> None:
    with app.app_context():
        mine = add_run(owner.id)
        other = add_run(second_user.id)
    html = signed_in.get("/benchmarks/gen_chain_sum").text
    assert "ANSWER:" in html
    assert mine in html
    assert other not in html
    assert signed_in.get("/benchmarks/unknown").status_code == 404


def test_every_benchmark_has_a_page(signed_in: Browser) -> None:
    broken = [
        name
        for name in list(all_benchmarks())[::4]
        if signed_in.get(f"/benchmarks/{name}").status_code != 200
    ]
    assert broken == []
