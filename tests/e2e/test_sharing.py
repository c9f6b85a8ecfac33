"""A result is handed on: by a link, as a file, as Markdown, on paper; and the API reference."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e.studio_runs import finish_run
from tests.e2e.test_layout import check_layout

pytestmark = [pytest.mark.enable_socket]

OpenPage = Callable[..., Page]


def test_a_result_is_shared_read_by_a_stranger_and_revoked(
    open_page: OpenPage, signed_in_state: str, tmp_path: Path
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/benchmarks")
    run_id = finish_run(page, benchmark="gsm8k", model="simulated/novice", limit=30)
    page.goto(f"/runs/{run_id}")
    page.get_by_role("button", name="Export").click()
    page.get_by_role("menuitem", name="Share by a link").click()
    expect(page.get_by_role("region", name="New link")).to_contain_text("simulated/novice")
    page.get_by_role("button", name="Make link").press("Enter")
    shown = page.get_by_role("button", name=re.compile("Copy link"))
    expect(shown).to_be_visible()
    link = str(shown.get_attribute("data-copy"))
    page.reload()
    expect(shown).to_have_count(0)

    stranger = open_page(scripts=False, width=390)
    stranger.goto(link)
    expect(stranger.get_by_role("heading", level=1)).to_contain_text("simulated/novice")
    expect(stranger.get_by_text("30 / 30")).to_be_visible()
    with stranger.expect_download() as download:
        stranger.get_by_role("link", name="Download as one file").click()
    file = tmp_path / "result.html"
    download.value.save_as(file)
    stranger.get_by_role("link", name="All samples").click()
    stranger.get_by_role("link", name=re.compile("^Wrong")).click()
    sample = stranger.locator("details").first
    sample.locator("summary").click()
    expect(sample.locator("pre").first).to_be_visible()
    stranger.get_by_role("link", name="Back to the result").click()
    expect(stranger).to_have_url(link)

    reader = open_page()
    reader.context.set_offline(True)
    reader.set_content(file.read_text())
    expect(reader.get_by_role("heading", level=1)).to_contain_text("simulated/novice")
    expect(reader.locator("details.shared-sample")).to_have_count(30)
    assert reader.locator("main").evaluate("node => getComputedStyle(node).maxWidth") == "1240px"

    row = page.get_by_role("listitem").filter(has_text="/s/" + link.rpartition("/")[2][:6])
    row.get_by_role("button", name="Revoke").click()
    page.get_by_role("button", name="Revoke link").click()
    expect(page.get_by_text("The link has been revoked")).to_be_visible()
    assert stranger.goto(link).status == 404  # type: ignore[union-attr]


def test_a_comparison_is_copied_shared_without_texts_and_printed(
    open_page: OpenPage, signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/benchmarks")
    ids = [
        finish_run(page, benchmark="gsm8k", model=f"simulated/{name}", limit=30)
        for name in ("novice", "expert")
    ]
    page.goto(f"/compare?run_ids={','.join(ids)}")
    page.get_by_role("link", name="Copy as Markdown").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "| A | `simulated/novice` |" in copied

    page.emulate_media(media="print", color_scheme="dark")
    for hidden in (".side", ".no-print", ".head .row"):
        expect(page.locator(hidden).first).to_be_hidden()
    flips = page.locator(".flips")
    assert flips.evaluate("node => node.scrollHeight - node.clientHeight") <= 0
    assert page.locator("body").evaluate("node => getComputedStyle(node).color").startswith("rgb(2")
    page.emulate_media(media="screen", color_scheme="light")

    page.get_by_role("link", name="Share", exact=True).click()
    page.get_by_label("Leave out prompts and answers").check()
    page.get_by_role("button", name="Make link").click()
    link = page.get_by_role("button", name=re.compile("Copy link")).get_attribute("data-copy")
    stranger = open_page(scripts=False)
    stranger.goto(str(link))
    expect(stranger.get_by_text("Questions and answers are not shared.")).to_be_visible()
    expect(stranger.locator(".verdict-card")).to_have_count(1)

    without_scripts = open_page(state=signed_in_state, scripts=False)
    without_scripts.goto(f"/runs/{ids[0]}")
    without_scripts.get_by_role("button", name="Export").click()
    without_scripts.get_by_role("menuitem", name="Copy as Markdown").click()
    expect(without_scripts.get_by_text("`simulated/novice`").first).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_api_reference_is_in_the_shell_and_accessible(
    open_page: OpenPage, signed_in_state: str, theme: str
) -> None:
    page = open_page(state=signed_in_state, theme=theme)
    page.goto("/docs")
    operation = page.locator(".opblock", has_text="List the tokens").first
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table").first).to_contain_text("next_cursor")
    result = Axe().run(page, options={"resultTypes": ["violations"]})
    assert not result.violations_count, result.generate_report()
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        check_layout(page, width, "the API reference")
    page.set_viewport_size({"width": 1440, "height": 900})
    is_dark = "document.documentElement.classList.contains('dark-mode')"
    before = page.evaluate(is_dark)
    assert before is (theme == "dark")
    page.locator(".side [data-theme-toggle]").click()
    page.wait_for_function(f"{is_dark} !== {str(before).lower()}")
