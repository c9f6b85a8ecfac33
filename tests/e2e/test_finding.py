"""Finding runs again: by short id, by tag, as they are started elsewhere; messages and logs."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.studio_runs import finish_run, start_run

pytestmark = [pytest.mark.enable_socket]

SMALL = {"benchmark": "gen_swaps", "model": "simulated/expert", "limit": 2}


def test_a_run_is_found_by_the_short_id_that_pages_show(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/benchmarks")
    run_id = finish_run(page, **SMALL)
    finish_run(page, **SMALL)
    page.goto("/")
    short = page.locator(f'a[href="/runs/{run_id}"] .mono').inner_text()
    page.keyboard.press("/")
    page.keyboard.type(short)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"q={short}"))
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text(short)


def test_a_tag_filters_shows_and_is_taken_away(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/benchmarks")
    run_id = finish_run(page, **SMALL, tags=["night & day"])
    finish_run(page, **SMALL)
    page.goto(f"/runs/{run_id}")
    page.get_by_role("link", name="night & day").click()
    rows, chip = page.locator("tbody tr"), page.get_by_role("link", name="Remove the filter Tag")
    expect(rows).to_have_count(1)
    expect(chip).to_have_text("Tag: night & day")
    page.get_by_role("searchbox", name="Search runs").fill("swaps")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("q=swaps"))
    expect(rows).to_have_count(1)
    chip.click()
    expect(chip).to_have_count(0)
    expect(page).to_have_url(re.compile("[?]q=swaps$"))
    expect(rows.nth(1)).to_be_visible()


def test_a_run_that_was_started_elsewhere_appears_and_ends_by_itself(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page, elsewhere = open_page(state=signed_in_state), open_page(state=signed_in_state)
    elsewhere.goto("/benchmarks")
    page.goto("/")
    run_id = start_run(elsewhere, benchmark="gen_swaps", model="simulated/slow", limit=6)
    row = page.locator(f'tr:has(a[href="/runs/{run_id}"])')
    expect(row).to_be_visible(timeout=30_000)
    expect(row).to_contain_text("Done", timeout=60_000)


def test_no_focus_goes_where_nothing_is_seen(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/benchmarks")
    run_id = finish_run(page, **SMALL)
    for address in ("/", f"/runs/{run_id}/samples", "/benchmarks"):
        page.goto(address)
        unseen = page.evaluate(
            """() => [...document.querySelectorAll("main :is(button, a, input, select)")]
              .filter((each) => each.tabIndex >= 0 && each.checkVisibility({
                visibilityProperty: true }))
              .filter((each) => each.getBoundingClientRect().width < 8)
              .map((each) => each.outerHTML)"""
        )
        assert unseen == [], address


def test_a_run_that_is_stopped_says_so_at_once_and_its_log_tells_the_story(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/benchmarks")
    run_id = start_run(
        page, benchmark="gen_chain_sum", model="simulated/slow", limit=40, max_connections=1
    )
    page.goto(f"/runs/{run_id}")
    log, status = page.get_by_role("log"), page.locator("[data-run-status]")
    expect(page.locator('[data-live="done"]')).not_to_have_text("0", timeout=30_000)
    page.get_by_role("button", name="Cancel run").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel run").click()
    expect(status).to_contain_text("Canceled", timeout=30_000)
    expect(log).to_contain_text("Cancel was asked for.")
    expect(page.get_by_role("button", name="Resume")).to_have_count(1)
    expect(page.get_by_role("button", name="Retry errors")).to_have_count(0)
    page.get_by_role("button", name="Resume").click()
    message = page.get_by_text("Resumed. Finished samples are not asked again.")
    expect(message).to_be_visible()
    page.get_by_role("button", name="Close message").click()
    expect(message).to_have_count(0)
    expect(log).to_contain_text(re.compile(r"Resumed after \d+ of 40 samples\."))
    expect(page.get_by_text("Benchmark default")).to_have_count(0)
    page.get_by_role("button", name="Cancel run").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel run").click()
    expect(status).to_contain_text("Canceled", timeout=30_000)


def test_ticks_show_in_both_themes(open_page: Callable[..., Page], signed_in_state: str) -> None:
    for theme in ("light", "dark"):
        page = open_page(state=signed_in_state, theme=theme)
        page.goto("/benchmarks")
        finish_run(page, **SMALL)
        page.goto("/")
        box = page.locator("[data-compare-pick]").first
        empty = box.screenshot()
        border = box.evaluate("e => getComputedStyle(e).borderTopColor")
        line = page.locator(".panel").first.evaluate("e => getComputedStyle(e).borderTopColor")
        assert border != line, "an empty box looks like one that is disabled"
        box.check()
        assert box.screenshot() != empty
        mark = box.evaluate("e => getComputedStyle(e, '::before').width")
        assert mark == "10px"
        assert box.evaluate("e => getComputedStyle(e).display") == "grid", "its mark has no size"
