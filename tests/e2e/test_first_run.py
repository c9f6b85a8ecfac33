"""The first visit in a browser: from an empty page to a comparison, and a server of one's own."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Studio
from tests.e2e.test_users import register
from tests.fakes.local_servers import local_server

pytestmark = [pytest.mark.enable_socket]

OpenPage = Callable[..., Page]


def start_proposed(page: Page, link: str) -> None:
    """Follow a step to the form, and start what it proposes."""
    page.get_by_role("link", name=link).click()
    page.get_by_role("button", name=re.compile("^Start: ")).click()
    page.wait_for_url(re.compile("/runs/[0-9a-f-]{36}$"))
    # Done, and loaded anew: a reload would take back the click that follows.
    expect(page.locator("[data-live-run]")).to_have_count(0, timeout=90_000)
    page.get_by_role("link", name="Runs", exact=True).first.click()


def test_the_first_steps_lead_from_an_empty_page_to_a_comparison(open_page: OpenPage) -> None:
    page = open_page()
    register(page, "steps@example.org")
    steps = page.get_by_role("region", name="First steps")
    expect(steps).to_contain_text("0 of 4 done")
    expect(steps).to_contain_text("GSM8K, 20 samples on simulated/expert")
    expect(page.get_by_role("button", name="Look for local servers")).to_have_count(0)

    start_proposed(page, "Start your first run")
    expect(steps).to_contain_text("1 of 4 done")
    start_proposed(page, "Run it on a second model")
    expect(page.get_by_role("row").filter(has_text="simulated/novice")).to_be_visible()
    page.get_by_role("link", name="Compare your runs").click()
    expect(page.get_by_role("heading", name="Compare", exact=True)).to_be_visible()
    expect(page.get_by_text("simulated/novice").first).to_be_visible()
    page.goto("/")
    expect(steps).to_contain_text("2 of 4 done")

    page.get_by_role("link", name="Connect a model").click()
    page.get_by_label("Name", exact=False).first.fill("mine")
    page.get_by_label("Kind").select_option("openai_compatible")
    page.get_by_label("Address").fill("https://8.8.8.8/v1")
    page.get_by_role("button", name="Save").click()
    page.goto("/")
    expect(steps).to_contain_text("Connected: mine")
    page.get_by_role("link", name="Add a webhook").click()
    page.get_by_label("Address").fill("https://8.8.8.8/hook")
    page.get_by_role("button", name="Add webhook").click()
    expect(page.get_by_text("Copy the signing secret now")).to_be_visible()
    page.goto("/")
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
    expect(steps).to_have_count(0)


def test_the_list_is_hidden_in_every_browser_of_the_account(open_page: OpenPage) -> None:
    page = open_page(width=390)
    register(page, "knows@example.org")
    page.get_by_role("button", name="Hide first steps").press("Enter")
    expect(page.get_by_role("region", name="First steps")).to_have_count(0)
    expect(page.get_by_role("link", name="Start your first run")).to_be_visible()
    other = open_page(state=page.context.storage_state())  # type: ignore[arg-type]
    other.goto("/")
    expect(other.get_by_role("heading", name="No runs yet")).to_be_visible()
    expect(other.get_by_role("region", name="First steps")).to_have_count(0)


def test_one_click_finds_the_servers_of_this_machine(
    open_page: OpenPage, signed_in_state: str, studio: Studio
) -> None:
    port = studio.model_server_port
    page = open_page(state=signed_in_state)
    page.goto("/settings/connections")
    with local_server("ollama", port):
        page.get_by_role("button", name="Look for local servers").click()
        found = page.get_by_role("listitem").filter(has_text=f"http://127.0.0.1:{port}/v1")
        expect(found).to_contain_text("1 model: llama-3.2-3b-instruct:latest")
        found.get_by_role("button", name="Connect Ollama").press("Enter")
        row = page.locator('[data-connection-row="ollama"]')
        expect(row.get_by_text(re.compile("Works: answered in .*, 1 model"))).to_be_visible()
    page.get_by_role("button", name="Look for local servers").click()
    expect(page.get_by_role("listitem").filter(has_text=f":{port}")).to_have_count(0)
    expect(page.get_by_text("ollama serve")).to_be_visible()
    page.goto("/settings/connections")
    page.get_by_role("button", name="Delete ollama").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete connection").click()
    expect(row).to_have_count(0)
