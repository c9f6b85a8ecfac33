"""The command palette: found by typing, chosen by keys, with the confirmations of the buttons."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, Route, expect

from tests.e2e.studio_runs import finish_run, start_run
from tests.e2e.test_layout import check_layout

pytestmark = [pytest.mark.enable_socket]

SMALL = {"benchmark": "gen_swaps", "model": "simulated/expert", "limit": 2}


def palette_of(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Search and commands")


def open_palette(page: Page, words: str = "") -> Locator:
    """Open it with its keys and type, at once as people do, when the page's scripts listen."""
    page.wait_for_selector("html[data-started]", state="attached")
    page.keyboard.press("Control+k")
    page.keyboard.type(words)
    return palette_of(page)


def settled(page: Page) -> Locator:
    """Return the options once the server has answered for what is typed."""
    note = palette_of(page).get_by_role("status")
    expect(note).to_have_text(re.compile("result|Nothing fits"))
    return palette_of(page).get_by_role("option")


def marked(page: Page) -> Locator:
    return palette_of(page).get_by_role("option", selected=True)


def test_a_run_is_found_by_name_and_opened_by_keys_alone(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/benchmarks")
    run_id = finish_run(page, **SMALL, name="zeppelin over water")
    page.get_by_role("searchbox", name="Search benchmarks").focus()
    palette = open_palette(page, "zepp wat")
    field = palette.get_by_role("combobox")
    expect(field).to_be_focused()
    expect(field).to_have_value("zepp wat")
    expect(marked(page)).to_contain_text("zeppelin over water")
    assert field.get_attribute("aria-activedescendant") == marked(page).get_attribute("id")

    # Escape leads back to where one was; what was typed is gone.
    page.keyboard.press("Escape")
    expect(palette).to_be_hidden()
    expect(page.get_by_role("searchbox", name="Search benchmarks")).to_be_focused()
    open_palette(page)
    expect(field).to_have_value("")
    expect(settled(page).filter(has_text="zeppelin")).to_have_count(1)
    page.keyboard.type(run_id[-8:])
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/runs/{run_id}$"))


def test_benchmarks_connections_and_pages_are_ranked_and_walked_with_arrows(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/")
    open_palette(page, "gsm8k")
    expect(settled(page).first).to_contain_text("GSM8K")
    expect(settled(page).first).to_contain_text("Benchmark")
    page.keyboard.press("Control+a")
    page.keyboard.type("simulated")
    expect(settled(page).first).to_contain_text("Connection")
    page.keyboard.press("Control+a")
    page.keyboard.type("webh")
    options = settled(page)
    expect(marked(page)).to_contain_text("Settings: webhooks")
    page.keyboard.press("Control+a")
    page.keyboard.type("settings")
    expect(options.nth(3)).to_be_visible()
    names = options.all_inner_texts()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(marked(page)).to_have_text(re.compile(re.escape(names[1].splitlines()[0])))
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Control+a")
    page.keyboard.type("apiref")  # letters of it, in their order
    expect(marked(page)).to_contain_text("API reference")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/docs$"))

    # What was chosen last comes first when nothing is typed.
    open_palette(page)
    expect(settled(page).first).to_contain_text("API reference")


def test_actions_of_a_run_ask_what_their_buttons_ask(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/")
    run_id = start_run(page, benchmark="gen_chain_sum", model="simulated/slow", limit=60)
    page.goto(f"/runs/{run_id}")
    expect(page.locator('[data-live="done"]')).not_to_have_text("0", timeout=30_000)
    open_palette(page, "cancel")
    expect(marked(page)).to_contain_text("Cancel run")
    page.keyboard.press("Enter")
    asks = page.get_by_role("dialog", name="Cancel this run?")
    expect(asks).to_be_visible()
    expect(palette_of(page)).to_be_hidden()
    page.keyboard.press("Control+k")
    expect(palette_of(page)).to_be_hidden()  # not over a question
    page.keyboard.press("Escape")
    expect(page.locator("[data-run-status]")).to_contain_text("Running")
    open_palette(page, "cancel run")
    page.keyboard.press("Enter")
    asks.get_by_role("button", name="Cancel run").press("Enter")
    expect(page.get_by_role("button", name="Resume")).to_be_visible(timeout=30_000)

    open_palette(page)
    actions = settled(page).filter(has_text="Action")
    offered = (
        "Duplicate",
        "Copy as Markdown",
        "Share by a link",
        "Resume",
        "Delete run",
        "Sign out",
    )
    for name in offered:
        expect(actions.filter(has_text=re.compile(f"^{name}"))).to_have_count(1)
    page.keyboard.type("delete")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Delete this run?")).to_be_visible()
    page.keyboard.press("Escape")

    open_palette(page, "markdown")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("^Copied|does not allow copying"))).to_be_visible()
    dark = page.locator("html").get_attribute("data-theme")
    open_palette(page, "dark")
    page.keyboard.press("Enter")
    expect(page.locator("html")).not_to_have_attribute("data-theme", dark or "none")
    open_palette(page, "duplicate")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/runs/new"))


def test_an_answer_to_older_words_is_never_shown_and_enter_waits_for_the_right_one(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/")
    late: list[Route] = []

    def hold(route: Route) -> None:
        q = parse_qs(urlsplit(route.request.url).query).get("q", [""])[0]
        # Also its beginnings: a busy machine types slowly.
        if q and ("gsm".startswith(q) or "arc".startswith(q)):
            late.append(route)
        else:
            route.continue_()

    page.route(re.compile("/palette[?]"), hold)
    open_palette(page, "gsm")
    note = palette_of(page).get_by_role("status")
    expect(note).to_have_text("Searching")
    wait_for_held(page, late, "gsm")
    page.keyboard.press("Control+a")
    page.keyboard.type("mmlu")
    options = settled(page)
    expect(options.first).to_contain_text("MMLU")
    for route in late:
        route.continue_()  # the page has given it up
    expect(options.filter(has_text="GSM8K")).to_have_count(0)

    late.clear()
    page.keyboard.press("Control+a")
    page.keyboard.type("arc")
    page.keyboard.press("Enter")
    wait_for_held(page, late, "arc")
    expect(palette_of(page)).to_be_visible()
    late[-1].continue_()
    expect(page).to_have_url(re.compile("/benchmarks/arc"))


def wait_for_held(page: Page, held: list[Route], q: str) -> None:
    """Wait until the page has asked for ``q``, which is not answered yet."""
    give_up_at = time.monotonic() + 30
    while not (held and held[-1].request.url.endswith(f"q={q}")):
        assert time.monotonic() < give_up_at
        page.wait_for_timeout(20)


def test_nothing_found_no_server_and_an_ended_session_are_told(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/compare")
    open_palette(page, "qqqqzz")
    note = palette_of(page).get_by_role("status")
    expect(note).to_have_text("Nothing fits “qqqqzz”.")
    expect(page.locator("#palette-list")).to_be_hidden()  # no empty box of two lines
    expect(palette_of(page).get_by_role("combobox")).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Enter")
    expect(palette_of(page)).to_be_visible()

    page.route(re.compile("/palette[?]"), lambda route: route.abort())
    page.keyboard.press("Control+a")
    page.keyboard.type("estim")
    expect(note).to_have_text("The server cannot be reached. Check your connection.")
    expect(marked(page)).to_contain_text("Estimates")
    page.unroute(re.compile("/palette[?]"))

    page.context.clear_cookies()
    page.keyboard.press("Control+a")
    page.keyboard.type("gsm8k")
    expect(note).to_contain_text("session")
    expect(marked(page)).to_contain_text("Sign in again")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/login[?]next=%2Fcompare"))


@pytest.mark.parametrize("width", [1440, 1024, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_button_opens_it_it_fits_and_axe_finds_nothing(
    open_page: Callable[..., Page], signed_in_state: str, width: int, theme: str
) -> None:
    page = open_page(state=signed_in_state, width=width, theme=theme)
    page.goto("/")
    button = page.get_by_role("button", name="Search and commands")
    button.click()
    expect(settled(page).nth(3)).to_be_visible()
    box = palette_of(page).bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    check_layout(page, width, "the palette")
    assert_accessible(page)
    palette_of(page).get_by_role("button", name="Close").click()
    expect(button).to_be_focused()


def assert_accessible(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
