"""Two runs of a benchmark: read beside their lists, marked, compared answer by answer."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.studio_runs import finish_run
from tests.e2e.test_layout import check_layout

pytestmark = [pytest.mark.enable_socket]


def press(page: Page, key: str) -> None:
    """Press a key when the scripts of the page listen."""
    page.wait_for_load_state()
    page.keyboard.press(key)


def test_samples_are_read_beside_their_list_marked_and_compared_between_runs(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/benchmarks")
    asked = {"benchmark": "mmlu", "limit": 114, "order": "stratified"}
    novice = finish_run(page, model="simulated/novice", **asked)
    expert = finish_run(page, model="simulated/expert", **asked)

    # The list: sorted, stepped through with j, opened with Enter.
    page.goto(f"/runs/{expert}/samples")
    page.get_by_label("Order").select_option(label="Slowest first")
    expect(page).to_have_url(re.compile("sort=-latency"))
    links = page.locator("a.sample-link")
    slowest = links.all_inner_texts()
    press(page, "j")
    press(page, "j")
    expect(links.nth(1)).to_be_focused()
    flag = page.locator("tbody .mark-review")
    expect(page.locator("[data-mark-rows=ready]")).to_be_visible()
    press(page, "x")
    expect(flag).to_have_count(1)
    press(page, "x")
    expect(flag).to_have_count(0)
    press(page, "Enter")

    # One sample beside its list.
    expect(page.get_by_text("2 of 114")).to_be_visible()
    beside = page.get_by_role("navigation", name="List of samples")
    here = beside.locator("[aria-current=page]")
    expect(beside.locator("li")).to_have_count(50)
    expect(here).to_be_in_viewport()
    expect(here).to_contain_text(slowest[1].splitlines()[-1])
    expect(page.locator(".completion mark")).to_have_text(re.compile("^[A-D]$"))
    page.get_by_role("link", name="Formatted").click()
    expect(page.locator(".prose mark")).to_have_text(re.compile("^[A-D]$"))
    press(page, "j")
    expect(page.get_by_text("3 of 114")).to_be_visible()
    expect(page.locator(".prose")).to_be_visible()

    # Marked with a key, noted, and found again.
    press(page, "x")
    expect(page.get_by_role("button", name="Review")).to_have_attribute("aria-pressed", "true")
    page.get_by_label("Note").fill("x, j and k are letters here")
    page.get_by_role("button", name="Save note").click()
    expect(page.get_by_text("The note is saved.")).to_be_visible()
    for width in (1440, 1024, 390):
        page.set_viewport_size({"width": width, "height": 900})
        check_layout(page, width, "a sample beside its list")
    expect(beside).to_be_hidden()
    page.set_viewport_size({"width": 1440, "height": 900})
    press(page, "Escape")
    page.get_by_label("Marks").select_option(label="To review")
    expect(links).to_have_count(1)
    links.click()
    expect(page.get_by_text("1 of 1")).to_be_visible()
    press(page, "[")
    expect(page).to_have_url(re.compile(f"/runs/{novice}/samples/"))
    press(page, "]")
    expect(page).to_have_url(re.compile(f"/runs/{expert}/samples/"))

    # Picked by a search that keeps ticks; the first tick is the baseline.
    page.goto("/compare")
    for name, run_id in (("novice", novice), ("expert", expert)):
        page.get_by_role("searchbox", name="Search runs").fill(name)
        press(page, "Enter")
        expect(page).to_have_url(re.compile(f"q={name}"))
        page.locator(f"#pick-{run_id}").check()
    page.get_by_role("button", name="Compare 2 runs").click()
    expect(page).to_have_url(re.compile(f"run_ids={novice},{expert}"))
    by_category = page.get_by_role("region", name="By category")
    expect(by_category.locator("tbody tr")).to_have_count(57)

    page.get_by_role("link", name="Better", exact=True).click()
    better = page.locator("a.sample-link")
    number = better.count()
    assert number > 5
    better.first.click()
    expect(page.get_by_text(f"1 of {number}")).to_be_visible()
    expect(page.locator(".beside .pill")).to_have_text(["Wrong", "Correct"])
    expect(page.locator(".beside ins").first).to_be_visible()
    expect(page.locator(".beside del").first).to_be_visible()
    press(page, "j")
    expect(page.get_by_text(f"2 of {number}")).to_be_visible()
    for width in (1440, 1024, 390):
        page.set_viewport_size({"width": width, "height": 900})
        check_layout(page, width, "answers side by side")
    press(page, "Escape")
    expect(page).to_have_url(re.compile("show=better"))
    check_layout(page, 390, "a comparison with categories")
