"""What a run's page does by itself, and what the form offers, in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_layout import check_layout
from tests.fakes.model_server import ModelServer
from tests.services.runs.test_refused_parameters import DEPRECATED, has, refusing

pytestmark = [pytest.mark.enable_socket]

LONG = "accounts/some-organisation/models/a-very-long-model-name-instruct-2026-11-01-preview"


def start(page: Page, query: str) -> None:
    page.goto(f"/runs/new?{query}")
    page.get_by_role("button", name=re.compile("^Start")).click()
    page.wait_for_url(re.compile("/runs/[0-9a-f-]{36}$"))


def test_a_new_score_shows_without_a_reload_by_hand(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    start(page, "benchmark=gsm8k&model=simulated/expert&limit=50")
    expect(page.locator("[data-run-status]")).to_contain_text("Done", timeout=30_000)
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Score under the openbench protocol").click()
    scores = page.get_by_role("region", name="Scores by protocol")
    expect(scores.get_by_role("row", name=re.compile("openbench"))).to_be_visible(timeout=30_000)


def test_a_resumed_run_is_followed_live_from_the_start(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    start(page, "benchmark=gen_chain_sum&model=simulated/slow&limit=300")
    done, note = page.locator('[data-live="done"]'), page.locator("[data-live-note]")
    expect(done).not_to_have_text("0", timeout=20_000)
    expect(page.locator('[data-live="started"] time')).to_be_visible()
    page.get_by_role("button", name="Cancel run").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel run").click()
    expect(page.locator("[data-run-status]")).to_contain_text("Canceled", timeout=20_000)

    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.get_by_role("button", name="Resume").click()
    expect(note).to_have_text("Live")
    before = done.inner_text()
    expect(done).not_to_have_text(before, timeout=20_000)
    expect(note).to_have_text("Live")
    asked = [url for url in requests if "/events" in url]
    assert len(asked) == 1, "the stream was let go and asked for again"
    page.get_by_role("button", name="Cancel run").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel run").click()
    expect(page.locator("[data-run-status]")).to_contain_text("Canceled", timeout=20_000)


def test_the_judge_is_picked_like_the_model(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/runs/new?benchmark=gen_chain_sum&model=simulated/expert")
    judge = page.get_by_role("combobox", name="Judge", exact=True)
    expect(judge).to_be_hidden()
    page.get_by_label("Search benchmarks").fill("simpleqa")
    page.locator('label.bench[data-benchmark="simpleqa"]').click()
    expect(page.get_by_text("Judge chosen")).to_be_visible()
    judge.click()
    judges = page.get_by_role("listbox", name="Judges")
    expect(judges.get_by_role("option", name="simulated/expert")).to_be_visible()
    judge.press("ArrowDown")
    judge.press("Enter")
    expect(judge).to_have_value(re.compile("^[a-z]+/.+"))
    expect(judges).to_be_hidden()
    judge.fill("somewhere/else")
    expect(judges).to_contain_text("used as typed")


def test_what_is_wrong_has_the_focus(open_page: Callable[..., Page], signed_in_state: str) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/settings/connections/new")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Enter a name.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Name")).to_be_focused()


def test_a_saved_connection_is_tested_at_once_and_long_names_fit(
    open_page: Callable[..., Page], signed_in_state: str, model_server: ModelServer
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/settings/connections/new")
    page.get_by_label("Name", exact=False).first.fill("long-names")
    page.get_by_label("Address").fill(model_server.base_url)
    page.get_by_role("button", name="Save").click()
    row = page.locator('[data-connection-row="long-names"]')
    expect(row.get_by_text(re.compile("Works: answered in .* 3 models"))).to_be_visible()

    start(page, f"benchmark=gen_chain_sum&model=long-names/{LONG}&limit=3")
    run = page.url
    expect(page.locator("[data-run-status]")).to_contain_text("Done", timeout=30_000)
    for width in (1440, 390):
        looking = open_page(width=width, state=signed_in_state)
        for address in ("/", run, "/estimates", "/compare"):
            looking.goto(address)
            check_layout(looking, width, address)
            wide = looking.locator("main .scroll").evaluate_all(
                "all => all.filter(e => e.scrollWidth > e.clientWidth + 1).length"
            )
            assert wide == 0, f"{address} scrolls sideways at {width}"
    start(page, f"benchmark=gen_chain_sum&model=long-names/{LONG}&limit=3&sample_seed=2")
    expect(page.locator("[data-run-status]")).to_contain_text("Done", timeout=30_000)
    narrow = open_page(width=1024, state=signed_in_state)
    ids = ",".join(address.rsplit("/", 1)[1] for address in (run, page.url))
    for address in ("/", run, f"/compare?run_ids={ids}"):
        narrow.goto(address)
        check_layout(narrow, 1024, address)
    name = narrow.get_by_role("region", name="Compared runs").locator(".name").first
    assert name.get_attribute("title") == f"long-names/{LONG}"
    box, core = name.bounding_box(), name.locator(".name-core").bounding_box()
    assert name.locator(".name-core").inner_text().endswith("preview")
    assert core["x"] + core["width"] <= box["x"] + box["width"] + 1


def test_a_notice_shows_while_the_run_goes_on(
    open_page: Callable[..., Page], signed_in_state: str, model_server: ModelServer
) -> None:
    refusing(model_server, (has("temperature"), DEPRECATED))
    model_server.behaviour.latency_s = 1.0
    page = open_page(state=signed_in_state)
    page.goto("/settings/connections/new")
    page.get_by_label("Name", exact=False).first.fill("strict")
    page.get_by_label("Address").fill(model_server.base_url)
    page.get_by_role("button", name="Save").click()
    expect(page.locator('[data-connection-row="strict"]')).to_contain_text("Works")
    page.goto("/runs/new?benchmark=gen_chain_sum&model=strict/fake-large&limit=300")
    page.get_by_role("button", name=re.compile("^Start")).click()
    notices = page.locator("[data-notices]")
    notices.wait_for(state="attached")
    expect(notices).to_be_hidden()
    page.evaluate("window.isFirst = true")
    expect(notices).to_contain_text("does not accept temperature", timeout=30_000)
    expect(page.locator("[data-run-status]")).to_contain_text("Running")
    assert page.evaluate("window.isFirst"), "the page was loaded again"
    page.get_by_role("button", name="Cancel run").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel run").click()
    expect(page.locator("[data-run-status]")).to_contain_text("Canceled", timeout=20_000)
