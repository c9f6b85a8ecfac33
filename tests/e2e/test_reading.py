"""Reading the samples of a run: filtered, found, one after the other."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

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


def test_many_categories_fit_are_sorted_and_lead_to_their_samples(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/benchmarks")
    run_id = finish_run(
        page, benchmark="mmlu", model="simulated/novice", limit=171, order="stratified"
    )
    for width in (1440, 1024, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"/runs/{run_id}")
        check_layout(page, width, "a run of 57 categories")
    panel = page.get_by_role("region", name="Breakdown")
    names = panel.locator("tbody th a")
    expect(names).to_have_count(20)
    panel.get_by_role("link", name="Show all").click()
    expect(names).to_have_count(57)
    panel.get_by_role("link", name="Name", exact=True).click()
    expect(names.first).to_have_text("abstract_algebra")
    names.nth(1).click()
    expect(page).to_have_url(re.compile("samples[?]category=anatomy"))
    page.locator("a.sample-link").first.click()
    expect(page.get_by_text(re.compile("^1 of [1-9]$"))).to_be_visible()
    expect(page.get_by_role("link", name="Samples: anatomy")).to_be_visible()


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
