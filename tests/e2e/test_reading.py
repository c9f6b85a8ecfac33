"""Reading the samples of a run: filtered, found, one after the other."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.studio_runs import finish_run
from tests.e2e.test_layout import check_layout

pytestmark = [pytest.mark.enable_socket]


def test_wrong_answers_are_read_one_after_the_other_and_the_list_is_kept(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/benchmarks")
    run_id = finish_run(page, benchmark="gsm8k", model="simulated/novice", limit=80)
    page.goto(f"/runs/{run_id}/samples")
    page.get_by_role("navigation", name="Filter by outcome").get_by_role(
        "link", name=re.compile("^Wrong")
    ).click()
    links = page.locator("a.sample-link")
    wrong = [link.get_attribute("href") for link in links.all()]
    assert len(wrong) >= 3
    links.nth(0).click()
    expect(page.get_by_text(f"1 of {len(wrong)}")).to_be_visible()

    page.get_by_role("link", name="Next", exact=True).click()
    expect(page).to_have_url(re.compile(re.escape(str(wrong[1]))))
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile(re.escape(str(wrong[2]))))
    expect(page.locator(".head .pill")).to_have_text("Wrong")
    page.keyboard.press("k")
    expect(page.get_by_text(f"2 of {len(wrong)}")).to_be_visible()
    page.reload()
    page.get_by_role("link", name="Previous", exact=True).click()
    expect(page.get_by_text(f"1 of {len(wrong)}")).to_be_visible()
    expect(page.get_by_role("link", name="Previous", exact=True)).to_have_count(0)

    expect(page.get_by_text("Remember to put your answer")).to_be_visible()
    examples = page.locator("details.shared-prompt")
    expect(examples.locator("pre")).to_be_hidden()
    examples.locator("summary").click()
    expect(examples.locator("pre")).to_contain_text("Reasoning:")
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("samples[?]outcome=incorrect"))
    links.nth(0).click()
    page.get_by_role("link", name="Samples: Wrong").click()
    expect(page).to_have_url(re.compile("outcome=incorrect"))
    assert [link.get_attribute("href") for link in links.all()] == wrong


@pytest.fixture
def many_categories(open_page: Callable[..., Page], signed_in_state: str) -> Page:
    """The page of a run with the 57 subjects of MMLU."""
    page = open_page(state=signed_in_state)
    page.goto("/benchmarks")
    run_id = finish_run(
        page, benchmark="mmlu", model="simulated/novice", limit=171, order="stratified"
    )
    page.goto(f"/runs/{run_id}")
    return page


def breakdown_of(page: Page) -> Locator:
    return page.get_by_role("region", name="Breakdown")


def scores_in(panel: Locator) -> list[float]:
    """Return the scores as the rows show them, in their order."""
    shown = panel.locator("tbody td.strong").all_inner_texts()
    return [float(text.removesuffix("%")) for text in shown]


def test_many_categories_have_a_panel_of_their_own_that_fits(many_categories: Page) -> None:
    page = many_categories
    for width in (1440, 1024, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.reload()
        check_layout(page, width, "a run of 57 categories")
        panel, main = breakdown_of(page).bounding_box(), page.locator("main").bounding_box()
        assert panel is not None
        assert main is not None
        assert panel["width"] > main["width"] / 2, "beside the score there is no room for them"
        assert breakdown_of(page).evaluate("e => e.scrollWidth <= e.clientWidth")


def test_the_highest_and_lowest_ten_categories_come_first_then_all(many_categories: Page) -> None:
    page, panel = many_categories, breakdown_of(many_categories)
    names = panel.locator("tbody th a")
    expect(names).to_have_count(20)
    expect(panel).to_contain_text("37 more between")
    ends, ends_scores = names.all_inner_texts(), scores_in(panel)
    panel.get_by_role("link", name="Show all").click()
    expect(names).to_have_count(57)
    expect(panel).to_be_in_viewport()
    scores = scores_in(panel)
    assert scores == sorted(scores, reverse=True)
    assert ends == names.all_inner_texts()[:10] + names.all_inner_texts()[-10:]
    assert ends_scores == scores[:10] + scores[-10:]
    assert scores[0] > scores[-1]
    panel.get_by_role("link", name="Show the ends only").click()
    expect(names).to_have_count(20)
    expect(page).not_to_have_url(re.compile("categories=all"))


def test_categories_are_sorted_by_name_samples_and_score(many_categories: Page) -> None:
    panel = breakdown_of(many_categories)
    names = panel.locator("tbody th a")
    panel.get_by_role("link", name="Show all").click()
    expect(names).to_have_count(57)
    by_score = names.all_inner_texts()
    panel.get_by_role("link", name="Name", exact=True).click()
    expect(names.first).to_have_text("abstract_algebra")
    assert names.all_inner_texts() == sorted(by_score)
    panel.get_by_role("link", name="Samples", exact=True).click()
    expect(panel.locator("[aria-current]")).to_have_text("Samples")
    counts = [int(text.removeprefix("n=")) for text in panel.locator("th .n").all_inner_texts()]
    assert counts == sorted(counts, reverse=True)
    assert len(counts) == 57
    panel.get_by_role("link", name="Score", exact=True).click()
    expect(names.first).to_have_text(by_score[0])
    assert names.all_inner_texts() == by_score


def test_a_category_leads_to_its_samples(many_categories: Page) -> None:
    page, panel = many_categories, breakdown_of(many_categories)
    row = panel.locator("tbody tr").nth(1)
    name = row.locator("th a").inner_text()
    number = int(row.locator(".n").inner_text().removeprefix("n="))
    row.locator("th a").click()
    expect(page).to_have_url(re.compile(f"samples[?]category={name}$"))
    samples = page.locator("a.sample-link")
    expect(samples).to_have_count(number)
    samples.first.click()
    expect(page.get_by_text(f"1 of {number}")).to_be_visible()
    expect(page.get_by_role("link", name=f"Samples: {name}")).to_be_visible()


def test_search_looks_at_what_a_sample_has_of_its_own(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/benchmarks")
    run_id = finish_run(page, benchmark="gsm8k", model="simulated/novice", limit=40)
    page.goto(f"/runs/{run_id}/samples")
    search = page.get_by_role("searchbox", name="Search samples")

    # The ninth of the ten examples, and the instructions, which each prompt has.
    first = page.request.get(f"/api/v1/runs/{run_id}/samples?limit=1").json()["items"][0]
    example = first["input"][0]["content"].split("\n\n")[-3][:40]
    for shared in ("put your answer on its own line", example):
        search.fill(shared)
        search.press("Enter")
        expect(page.get_by_text("No sample matches")).to_be_visible()
    search.fill("Janet")
    search.press("Enter")
    found = page.locator("a.sample-link")
    expect(found.first).to_contain_text("Janet")
    assert 1 <= found.count() < 10
    found.first.click()
    expect(page).to_have_url(re.compile("q=Janet"))
    page.get_by_role("link", name="Samples: “Janet”").click()
    expect(search).to_have_value("Janet")
