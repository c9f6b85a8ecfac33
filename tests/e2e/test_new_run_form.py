"""The form of a new run with real keys: what Enter does, what is chosen, what Start says."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.e2e.test_layout import overflow

pytestmark = [pytest.mark.enable_socket]

ONE_LINE = "input:not([type=hidden]):not([type=radio]), select"


def runs_of(page: Page) -> int:
    return int(page.request.get("/api/v1/runs?limit=1").json()["total"])


def start_button(page: Page) -> Locator:
    return page.get_by_role("button", name=re.compile("^Start"))


def hold(page: Page, address: str) -> list[Route]:
    """Keep the requests to an address back; returns them."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route(address, keep)
    return held


def wait_until(page: Page, is_so: Callable[[], bool]) -> None:
    for _ in range(300):
        if is_so():
            return
        page.wait_for_timeout(100)
    pytest.fail("it did not come to that within 30 s")


def chosen(page: Page) -> str | None:
    checked = page.locator("[name=benchmark]:checked")
    return checked.get_attribute("value") if checked.count() else None


@pytest.mark.parametrize("scripts", [True, False], ids=["with_scripts", "without_scripts"])
def test_enter_in_no_field_starts_a_run(
    open_page: Callable[..., Page], signed_in_state: str, scripts: bool
) -> None:
    page = open_page(state=signed_in_state, scripts=scripts)
    page.goto("/runs/new?benchmark=gen_chain_sum&model=simulated/expert&limit=3")
    if scripts:
        expect(start_button(page)).to_contain_text("3 samples on simulated/expert")
    before = runs_of(page)
    page.locator("details.advanced summary").click()
    fields = page.locator(f".new-run :is({ONE_LINE})")
    tried = 0
    for field in fields.all():
        if field.is_visible() and field.is_enabled():
            field.press("Enter")
            tried += 1
    for _ in range(3):
        page.locator("#budget_usd").press("Enter")  # the last before Start
    assert tried >= 20
    page.wait_for_timeout(1000)
    assert page.url.endswith("/runs/new?benchmark=gen_chain_sum&model=simulated/expert&limit=3")
    assert runs_of(page) == before


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_start_is_for_its_own_keys(
    open_page: Callable[..., Page], signed_in_state: str, key: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/runs/new?benchmark=gen_chain_sum&model=simulated/expert&limit=2")
    start_button(page).focus()
    page.keyboard.press(key)
    page.wait_for_url(re.compile("/runs/[0-9a-f-]{36}$"))


def test_a_double_click_starts_one_run(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/runs/new?benchmark=gen_chain_sum&model=simulated/expert&limit=2")
    expect(start_button(page)).to_contain_text("2 samples")
    before = runs_of(page)
    start_button(page).dblclick()
    page.wait_for_url(re.compile("/runs/[0-9a-f-]{36}$"))
    assert runs_of(page) == before + 1


def test_from_the_search_to_start_by_typing(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/runs/new")
    expect(start_button(page)).to_have_text("Start run")
    page.keyboard.press("/")
    page.keyboard.type("chain sum")
    page.keyboard.press("Enter")  # at once: nothing waits for a filter
    assert chosen(page) == "gen_chain_sum"
    model = page.get_by_role("combobox", name="Model", exact=True)
    expect(model).to_be_focused()

    page.keyboard.type("expert")
    page.keyboard.press("Enter")  # before any list has come
    expect(model).to_have_value("simulated/expert")
    expect(page.locator("#limit")).to_be_focused()
    page.keyboard.type("4")
    page.keyboard.press("Enter")
    expect(page.locator("#epochs")).to_be_focused()
    page.keyboard.type("2")
    expect(start_button(page)).to_have_text(
        re.compile(r"Start: .+, 4 samples \(8 calls\) on simulated/expert, free$")
    )
    for _ in range(30):
        if start_button(page).evaluate("button => button === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/runs/[0-9a-f-]{36}$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Chain sums")


def test_start_says_what_is_known_of_the_cost(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/runs/new?benchmark=gen_chain_sum&model=simulated/expert&limit=3")
    expect(start_button(page)).to_contain_text("3 samples on simulated/expert, free")
    answers = hold(page, "**/api/v1/estimates")
    page.locator("#limit").fill("5")
    expect(start_button(page)).to_have_text(
        re.compile(r"Start: .+ on simulated/expert, cost not known yet$")
    )
    expect(start_button(page)).to_be_enabled()
    wait_until(page, lambda: len(answers) == 1)
    answers[0].continue_()
    expect(start_button(page)).to_contain_text("5 samples on simulated/expert, free")
    page.unroute("**/api/v1/estimates")
    page.locator("#model").fill("nobody/else")
    expect(start_button(page)).to_contain_text("on nobody/else, cost unknown")


def test_a_long_name_of_what_starts_fits_a_phone(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(width=390, state=signed_in_state)
    long = "a" * 60
    page.goto(f"/runs/new?benchmark=gen_chain_sum&model=simulated/{long}&limit=3")
    expect(start_button(page)).to_contain_text(long)
    assert overflow(page) == 0
    button = start_button(page).bounding_box()
    text = start_button(page).locator("[data-start-text]").bounding_box()
    assert button is not None
    assert text is not None
    assert text["x"] + text["width"] <= button["x"] + button["width"]
    assert text["y"] + text["height"] <= button["y"] + button["height"]


def test_the_choice_is_shown_where_the_filter_hides_it(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/runs/new")
    search = page.get_by_label("Search benchmarks")
    search.press_sequentially("gsm8k")
    search.press("Enter")
    line = page.locator("[data-chosen]")
    expect(line).to_contain_text(re.compile("Chosen: GSM8K"))
    show = page.get_by_role("button", name="Show it")
    expect(show).to_be_hidden()

    search.fill("no such benchmark")
    expect(line).to_contain_text("GSM8K")
    expect(line).to_contain_text("not among those shown")
    search.press("Enter")  # nothing is shown, so nothing changes
    assert chosen(page) == "gsm8k"
    expect(search).to_be_focused()
    show.click()
    expect(page.locator('label.bench[data-benchmark="gsm8k"]')).to_be_visible()
    expect(show).to_be_hidden()


def test_words_typed_before_the_scripts_have_come_count(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/benchmarks")
    late = hold(page, "**/studio.js*")
    page.evaluate("location.assign('/runs/new')")
    wait_until(page, lambda: len(late) == 1)
    search = page.get_by_label("Search benchmarks")
    search.press_sequentially("gsm8k")
    late[0].continue_()
    expect(page.locator("html[data-started]")).to_be_attached()
    expect(page.locator('label.bench[data-benchmark="gen_swaps"]')).to_be_hidden()
    search.press("Enter")
    assert chosen(page) == "gsm8k"


def test_an_answer_to_earlier_words_chooses_no_model(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/runs/new?benchmark=gen_chain_sum")
    page.wait_for_load_state("networkidle")
    held = hold(page, "**/api/v1/models?*")
    model = page.get_by_role("combobox", name="Model", exact=True)
    model.press_sequentially("simulated")
    wait_until(page, lambda: len(held) >= 1)
    earlier = len(held)
    model.fill("novice")
    model.press("Enter")
    wait_until(page, lambda: len(held) > earlier)
    expect(model).to_have_value("novice")
    held[-1].continue_()
    expect(model).to_have_value("simulated/novice")
    expect(page.locator("#limit")).to_be_focused()
    page.unroute("**/api/v1/models?*")

    # What is shown while the server is asked is narrowed by each key.
    model.click()
    options = page.get_by_role("listbox", name="Models").get_by_role("option")
    model.fill("simulated/")
    expect(options.nth(1)).to_be_visible()
    hold(page, "**/api/v1/models?*")
    model.press("ArrowDown")
    model.press_sequentially("exp")
    expect(options).to_have_count(1)
    expect(options).to_contain_text("simulated/expert")
    expect(options).to_have_attribute("aria-selected", "false")


def test_empty_fields_say_what_is_sent_then(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/runs/new?benchmark=mmlu&model=simulated/expert")
    page.locator("details.advanced summary").click()
    temperature = page.get_by_role("textbox", name="Temperature")
    expect(temperature).to_have_attribute("placeholder", "0, the benchmark's")
    expect(page.get_by_role("textbox", name="Max tokens")).to_have_attribute(
        "placeholder", "16, the benchmark's"
    )
    expect(page.get_by_role("textbox", name="Epochs")).to_have_attribute(
        "placeholder", "1, the benchmark's"
    )
    page.get_by_label("Protocol", exact=True).select_option("openbench")
    expect(temperature).to_have_attribute("placeholder", "0.5, the benchmark's")
