"""Keys of pages: pressed, listed as they are bound, silent where one types, and switched off."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.studio_runs import finish_run
from tests.e2e.test_palette import assert_accessible, open_palette, palette_of

pytestmark = [pytest.mark.enable_socket]

SMALL = {"benchmark": "gen_swaps", "model": "simulated/expert", "limit": 2}


def press(page: Page, keys: str) -> None:
    """Press keys one after the other, when the page's scripts listen."""
    page.wait_for_selector("html[data-started]", state="attached")
    for key in keys.split():
        page.keyboard.press(key)


def sheet_of(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Keyboard shortcuts")


def test_every_key_of_the_sheet_leads_where_it_says(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/estimates")
    links = page.locator("#keys a[data-key]")
    told = [(link.get_attribute("data-key"), link.get_attribute("href")) for link in links.all()]
    assert {keys for keys, _ in told} >= {"n", "c", "g r", "g b", "g s", "g d"}
    assert len({keys for keys, _ in told}) == len(told)
    for keys, href in told:
        page.goto("/estimates")
        press(page, str(keys))
        page.wait_for_url(re.compile(f"{re.escape(str(href))}$"))


def test_the_sheet_lists_what_this_page_has_and_closes_again(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/")
    run_id = finish_run(page, **SMALL)
    for address, mine, others in (
        ("/", {"x", "j", "k", "/", "c", "?", "Enter"}, {"Esc", "s"}),
        (f"/runs/{run_id}/samples", {"x", "j", "k", "/", "Esc", "Enter"}, {"s"}),
        ("/estimates", {"?"}, {"/", "j", "x"}),
    ):
        page.goto(address)
        press(page, "?")
        here = sheet_of(page).locator("[data-keys-here] kbd")
        expect(here.first).to_be_visible()
        listed = set(here.all_inner_texts())
        assert listed >= mine, address
        assert not listed & others, address
        assert_accessible(page)
        press(page, "g b")  # not in a dialog
        press(page, "Escape")
        expect(sheet_of(page)).to_be_hidden()
    expect(page).to_have_url(re.compile("/estimates$"))


def test_rows_are_walked_selected_and_compared(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/benchmarks")
    older, newer = finish_run(page, **SMALL), finish_run(page, **SMALL)
    page.goto("/")
    rows = page.locator("[data-step]")
    press(page, "j")
    expect(rows.nth(0)).to_be_focused()
    press(page, "x j x")
    expect(rows.nth(1)).to_be_focused()
    expect(page.get_by_text("2 selected")).to_be_visible()
    press(page, "k x")
    expect(page.get_by_text("1 selected")).to_be_visible()
    press(page, "x c")
    expect(page).to_have_url(re.compile(f"/compare[?]run_ids={older},{newer}$"))
    press(page, "g r")
    page.wait_for_url(re.compile("/$"))
    press(page, "j Enter")
    page.wait_for_url(re.compile(f"/runs/{newer}$"))


def test_no_key_fires_while_one_types_or_with_modifiers(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/benchmarks")
    search = page.get_by_role("searchbox", name="Search benchmarks")
    press(page, "/")
    expect(search).to_be_focused()
    page.keyboard.type("ngr?c/")
    expect(search).to_have_value("ngr?c/")
    search.blur()
    for keys in ("Control+Shift+n", "Alt+c", "g Alt+r", "g x"):
        press(page, keys)
    expect(sheet_of(page)).to_be_hidden()
    expect(page).to_have_url(re.compile("/benchmarks$"))
    page.get_by_role("searchbox", name="Search benchmarks").focus()
    palette = open_palette(page)  # has a modifier: from a field too
    expect(palette).to_be_visible()
    page.keyboard.type("n?")
    expect(palette.get_by_role("combobox")).to_have_value("n?")
    page.keyboard.press("Control+k")
    expect(palette).to_be_hidden()


def test_single_keys_are_switched_off_and_on_again_in_this_browser(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/")
    finish_run(page, **SMALL)
    page.goto("/")
    hints = page.locator("kbd.shortcut:not([data-palette-key])")
    expect(hints.first).to_be_visible()
    press(page, "?")
    switch = sheet_of(page).get_by_label("Shortcuts of one or two characters")
    switch.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    for _ in range(2):
        for keys in ("?", "n", "g b", "/", "j x"):
            press(page, keys)
        expect(sheet_of(page)).to_be_hidden()
        expect(page).to_have_url(re.compile("/$"))
        assert page.evaluate("document.activeElement.tagName") in ("BODY", "BUTTON")
        assert [hint for hint in hints.all() if hint.is_visible()] == []
        page.reload()
    # Found again without them.
    open_palette(page, "keyboard")
    page.keyboard.press("Enter")
    expect(sheet_of(page)).to_be_visible()
    expect(switch).not_to_be_checked()
    switch.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    press(page, "g b")
    page.wait_for_url(re.compile("/benchmarks$"))


def test_the_palette_is_kept_from_a_page_that_renews_itself(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page, elsewhere = open_page(state=signed_in_state), open_page(state=signed_in_state)
    elsewhere.goto("/benchmarks")
    page.goto("/")
    press(page, "Tab")
    open_palette(page, "half typ")
    asked: list[str] = []
    page.on("requestfinished", lambda request: asked.append(request.url))
    finish_run(elsewhere, **SMALL)
    asked.clear()
    give_up_at = time.monotonic() + 60
    while sum("limit=1" in url for url in asked) < 2:
        assert time.monotonic() < give_up_at, "the list was not asked for again"
        page.wait_for_timeout(100)
    expect(palette_of(page).get_by_role("combobox")).to_have_value("half typ")


def test_the_focus_stays_where_it_was_when_the_list_is_renewed(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page, elsewhere = open_page(state=signed_in_state), open_page(state=signed_in_state)
    elsewhere.goto("/benchmarks")
    run_id = finish_run(elsewhere, **SMALL)
    page.goto("/")
    press(page, "j")
    link = page.locator(f'a.cell-title[href="/runs/{run_id}"]')
    expect(link).to_be_focused()
    newer = finish_run(elsewhere, **SMALL)
    row = page.locator(f'a.cell-title[href="/runs/{newer}"]')
    expect(row).to_be_visible(timeout=30_000)
    expect(link).to_be_focused()


def test_a_phone_shows_no_keys(open_page: Callable[..., Page], signed_in_state: str) -> None:
    page = open_page(state=signed_in_state, width=390, touch=True)
    page.goto("/benchmarks")
    expect(page.get_by_role("button", name="Search and commands")).to_be_visible()
    page.get_by_role("button", name="Open menu").click()
    expect(page.get_by_role("link", name="Estimates")).to_be_visible()
    assert [hint for hint in page.locator("kbd.shortcut").all() if hint.is_visible()] == []
    expect(page.get_by_role("button", name="Keyboard shortcuts")).to_be_hidden()
