"""The list of runs in a browser: names, tags, order, columns, views, many runs at once."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Studio
from tests.e2e.studio_runs import finish_run, start_run
from tests.e2e.test_forms import register
from tests.e2e.test_layout import check_layout

pytestmark = [pytest.mark.enable_socket]

SMALL = {"benchmark": "gen_swaps", "model": "simulated/expert", "limit": 2}
MINE = "/?tag=list-test"


@pytest.fixture(scope="module")
def own_state(
    chromium: Browser,
    studio: Studio,
    signed_in_state: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """Cookies of an account of these tests, which takes no starts from the others' minute."""
    path = tmp_path_factory.mktemp("browser") / "lists.json"
    context = chromium.new_context(base_url=studio.url)
    page = context.new_page()
    register(page, "lists@example.org")
    context.storage_state(path=path)
    context.close()
    return str(path)


def test_runs_are_named_tagged_sorted_kept_as_a_view_and_deleted_together(
    open_page: Callable[..., Page], own_state: str
) -> None:
    page = open_page(state=own_state)
    page.goto("/benchmarks")
    first = finish_run(page, **SMALL, tags=["list-test"], name="the first")
    second = finish_run(page, **{**SMALL, "limit": 3}, tags=["list-test"])
    active = start_run(
        page, benchmark="gen_chain_sum", model="simulated/slow", limit=400, tags=["list-test"]
    )

    page.goto(f"/runs/{second}")
    page.get_by_role("button", name="Edit name, tags and notes").click()
    page.get_by_role("dialog").get_by_label("Name").fill("the second")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("the second")
    expect(page).to_have_title(re.compile(r"^Done [\d.]+% the second · "))
    assert page.request.get(page.locator("link[rel=icon]").get_attribute("href") or "").ok

    page.goto(MINE)
    rows = page.locator("tbody tr")
    row = page.locator(f'tr:has(a[href="/runs/{first}"])')
    row.get_by_role("button", name=re.compile("Edit the tags")).click()
    page.keyboard.type(", night & day")
    page.keyboard.press("Escape")
    expect(row.locator("a.tag")).to_have_text(["list-test"])
    row.get_by_role("button", name=re.compile("Edit the tags")).click()
    page.keyboard.press("End")
    page.keyboard.type(", night & day")
    page.keyboard.press("Enter")
    row.get_by_role("link", name="night & day").click()
    expect(rows).to_have_count(1)
    expect(page.get_by_role("link", name="Remove the filter Tag")).to_have_text("Tag: night & day")

    page.goto(MINE)
    page.get_by_role("link", name="Samples", exact=True).click()
    expect(page.locator("th[aria-sort=descending]")).to_have_text("Samples")
    page.get_by_role("link", name="Samples", exact=True).click()
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Samples")
    expect(rows.first).to_contain_text("the first")

    page.get_by_role("button", name="Columns").click()
    page.get_by_label("Duration").uncheck()
    page.get_by_label("Errors").check()
    page.get_by_role("button", name="Show these").click()
    expect(page.get_by_role("columnheader", name="Errors")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Duration")).to_have_count(0)
    page.get_by_role("button", name="Views").click()
    page.get_by_label("Name of the view").fill("By size")
    page.get_by_role("button", name="Save", exact=True).click()
    page.goto("/")
    page.get_by_role("button", name="Views").click()
    page.get_by_role("link", name="By size", exact=True).click()
    expect(page).to_have_url(re.compile("tag=list-test.*sort=samples"))
    expect(rows.first).to_contain_text("the first")
    page.get_by_role("button", name="Views").click()
    page.get_by_role("button", name="Remove the view By size").click()
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("button", name="The usual ones").click()
    expect(page.get_by_role("columnheader", name="Duration")).to_be_visible()

    page.goto(MINE)
    bar = page.get_by_role("group", name="With the selected runs")
    expect(bar).to_be_hidden()
    page.get_by_role("checkbox", name="Select all runs of this page").check()
    expect(bar).to_contain_text("3 selected")
    with page.expect_download() as download:
        bar.get_by_role("button", name="Export").click()
    assert download.value.path().read_text().count("\n") == 4
    token = page.locator('meta[name="csrf-token"]').get_attribute("content") or ""
    page.request.post(f"/api/v1/runs/{active}/cancel", headers={"X-CSRFToken": token})
    # Ticks are kept, so the row changes without a new page.
    expect(page.locator(f'tr:has(a[href="/runs/{active}"])')).to_contain_text(
        "Canceled", timeout=30_000
    )
    expect(page.get_by_role("link", name="Show the list anew")).to_be_visible()
    expect(bar).to_contain_text("3 selected")
    bar.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Delete 3 runs?")
    page.get_by_role("button", name="Delete 3 runs").click()
    expect(page.get_by_text("Deleted 3 runs.")).to_be_visible()
    expect(page.get_by_text("No run matches")).to_be_visible()


def test_the_tab_of_a_run_shows_its_progress_also_in_the_background(
    open_page: Callable[..., Page], own_state: str
) -> None:
    page = open_page(state=own_state)
    page.goto("/benchmarks")
    slow = {"benchmark": "gen_chain_sum", "model": "simulated/slow", "limit": 30}
    run_id = start_run(page, **slow, name="tab")
    page.goto(f"/runs/{run_id}")
    page.context.new_page().bring_to_front()
    expect(page).to_have_title(re.compile(r"^\d+% tab · OpenBench Studio$"), timeout=30_000)
    expect(page.locator("link[rel=icon]")).to_have_attribute(
        "href", re.compile(r"^/runs/icon/run/[1-9]\d?\.svg$"), timeout=30_000
    )
    expect(page).to_have_title(re.compile(r"^Done [\d.]+% tab · "), timeout=60_000)
    expect(page.locator("link[rel=icon]")).to_have_attribute("href", "/runs/icon/ok/100.svg")


def test_the_list_works_on_a_phone_and_without_scripts(
    open_page: Callable[..., Page], own_state: str
) -> None:
    page = open_page(state=own_state, width=390)
    page.goto("/benchmarks")
    run_id = finish_run(page, **SMALL, tags=["phone"])
    page.goto("/?tag=phone")
    page.get_by_label("Sort by").select_option("Highest score")
    expect(page).to_have_url(re.compile("sort=-score"))
    page.get_by_role("checkbox", name=re.compile("^Select Swapped")).check()
    check_layout(page, 390, "/?tag=phone")
    plain = open_page(state=own_state, scripts=False)
    plain.goto("/?tag=phone")
    plain.locator(f'[value="{run_id}"]').check()
    plain.get_by_role("button", name="Tag", exact=True).click()
    plain.get_by_label("Remove tags").fill("phone")
    plain.get_by_role("button", name="Tag 1 run").click()
    expect(plain.get_by_text("Tagged 1 run.")).to_be_visible()
    expect(plain.get_by_text("No run matches")).to_be_visible()
