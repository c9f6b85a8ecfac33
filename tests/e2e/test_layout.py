"""Every page at two widths in both themes: nothing overlaps, overflows or fails axe."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

PAGES = (
    "/",
    "/runs/new",
    "/benchmarks",
    "/benchmarks/gsm8k",
    "/compare",
    "/settings/connections",
    "/settings/connections/new",
    "/settings/tokens",
    "/settings/webhooks",
    "/settings/account",
)
LOOKS = ((1440, "light"), (1440, "dark"), (390, "light"), (390, "dark"))


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_pages_fit_the_window_and_are_accessible(
    open_page: Callable[..., Page], signed_in_state: str, width: int, theme: str
) -> None:
    page = open_page(width=width, theme=theme, state=signed_in_state)
    for address in PAGES:
        answer = page.goto(address)
        assert answer is not None
        assert answer.ok, address
        check_layout(page, width, address)
        result = Axe().run(page)
        assert result.violations_count == 0, f"{address}\n{result.generate_report()}"


def test_a_finished_run_and_its_samples_fit_too(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/runs/new?benchmark=gen_chain_sum&model=simulated/flaky&limit=60")
    page.get_by_role("button", name="Start run").click()
    expect(page.locator("[data-run-status]")).to_have_text(
        re.compile("Done|Failed"), timeout=60_000
    )
    run = page.url
    sample = page.locator("a.sample-link").first.get_attribute("href")
    assert sample is not None
    for width, theme in LOOKS:
        looking = open_page(width=width, theme=theme, state=signed_in_state)
        for address in (run, f"{run}/samples", sample, "/"):
            looking.goto(address)
            check_layout(looking, width, address)
            result = Axe().run(looking)
            assert result.violations_count == 0, f"{address}\n{result.generate_report()}"


@pytest.mark.parametrize("address", ["/login", "/register", "/nothing-here"])
@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_pages_for_strangers_fit(
    open_page: Callable[..., Page], signed_in_state: str, address: str, width: int, theme: str
) -> None:
    page = open_page(width=width, theme=theme)
    page.goto(address)
    assert overflow(page) == 0
    assert Axe().run(page).violations_count == 0


def check_layout(page: Page, width: int, address: str) -> None:
    """The content is beside the sidebar, not below it, and nothing is wider than the window."""
    assert overflow(page) == 0, f"{address} is {overflow(page)} px too wide at {width}"
    main = page.locator("main").bounding_box()
    assert main is not None
    if width > 760:
        side = page.locator("aside, #sidebar, .side").first.bounding_box()
        assert side is not None
        assert main["x"] >= side["x"] + side["width"] - 1, f"{address}: content under the sidebar"
        assert main["y"] < 5, f"{address}: content slid down to {main['y']}"
    else:
        assert main["y"] < 120, f"{address}: content slid down to {main['y']}"
    heading = page.get_by_role("heading", level=1).first.bounding_box()
    assert heading is not None
    assert heading["y"] < 320


def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than the window."""
    return int(
        page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )
