"""Forms that go wrong: errors in sight, words while typing, and a session that ends meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PASSWORD

pytestmark = [pytest.mark.enable_socket]

FILLED = "/runs/new?benchmark=gen_chain_sum&model=simulated/expert"
SECRET = "sk-never-to-be-kept-1234567890"


def start(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Start")).click()


def register(page: Page, email: str) -> None:
    page.goto("/register")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()


def sign_in(page: Page, email: str) -> None:
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_what_is_wrong_is_said_while_typing_and_above_the_form(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto(FILLED)
    limit, said = page.locator("#limit"), page.locator("#limit-error")
    expect(said).to_be_hidden()
    limit.press_sequentially("many")
    expect(said).to_have_text("This must be a whole number.")
    expect(limit).to_have_attribute("aria-invalid", "true")
    limit.fill("0")
    expect(said).to_have_text("This must be at least 1.")
    expect(page.locator("[data-estimate-checks]")).to_contain_text(
        "Samples: This must be at least 1"
    )
    limit.fill("2")
    expect(said).to_be_hidden()
    expect(limit).not_to_have_attribute("aria-invalid", "true")

    limit.fill("many")
    expect(said).to_be_visible()
    page.get_by_text("Advanced", exact=True).click()
    page.locator("#temperature").fill("warm")
    start(page)
    summary = page.get_by_role("alert").filter(has_text="The run was not started")
    expect(summary).to_be_focused()
    expect(summary).to_be_in_viewport()
    expect(summary).to_contain_text("Samples: This must be a whole number.")
    expect(summary).to_contain_text("Temperature: This must be a number.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(limit).to_be_focused()
    expect(limit).to_have_value("many")
    expect(page.get_by_text("unable to parse")).to_have_count(0)


def test_own_data_says_what_is_wrong_above_the_form(
    open_page: Callable[..., Page], signed_in_state: str, tmp_path: Path
) -> None:
    file = tmp_path / "sums.csv"
    file.write_text("question,answer\n" + "".join(f"What is {n} + 1?,{n + 1}\n" for n in range(5)))
    page = open_page(width=390, state=signed_in_state)
    page.goto("/benchmarks/own/new")
    page.locator("#own-file").set_input_files(file)
    page.get_by_role("button", name="Upload").click()
    page.locator("#question").select_option("question")
    page.locator("#target").select_option("answer")
    name, said = page.locator("#name"), page.locator("#name-error")
    name.fill("")
    name.press_sequentially("Über mich")
    expect(said).to_contain_text("a-z, 0-9")
    page.get_by_role("button", name="Show the prompts").click()
    expect(page.locator("[data-prompt]").first).to_be_visible()
    expect(name).to_have_value("Über mich")
    page.get_by_role("button", name="save").click()
    summary = page.get_by_role("alert").filter(has_text="The benchmark was not saved")
    expect(summary).to_be_focused()
    expect(summary).to_be_in_viewport()
    summary.get_by_role("link", name="Name").click()
    expect(name).to_be_focused()
    name.fill("sums")
    expect(said).to_be_hidden()
    page.get_by_role("button", name="save").click()
    expect(page.get_by_text("version 1 is ready to run")).to_be_visible()


def test_a_session_that_ends_keeps_the_form_of_a_run(open_page: Callable[..., Page]) -> None:
    page = open_page()
    register(page, "keeps@example.org")
    page.goto(FILLED)
    page.locator("#limit").fill("7")
    page.get_by_text("Advanced", exact=True).click()
    page.locator("#protocol").select_option("studio")
    page.locator("#notes").fill("Not to be lost")
    page.context.clear_cookies(name="studio_session")

    page.locator("#epochs").fill("2")  # the estimate is asked for, and refused
    ended = page.get_by_role("alert").filter(has_text="Your session has ended.")
    expect(ended).to_contain_text("kept in this tab")
    expect(page.get_by_text("Bearer")).to_have_count(0)
    start(page)
    expect(page.get_by_text("Your session has ended, so nothing was sent.")).to_be_visible()
    sign_in(page, "keeps@example.org")

    expect(page.get_by_text("What you had filled in is here again.")).to_be_visible()
    assert "#" not in page.url
    expect(page.locator('input[value="gen_chain_sum"]')).to_be_checked()
    for field, value in {
        "model": "simulated/expert", "limit": "7", "epochs": "2", "protocol": "studio",
        "notes": "Not to be lost",
    }.items():  # fmt: skip
        expect(page.locator(f"#{field}")).to_have_value(value)
    expect(page.locator("#notes")).to_be_visible()
    page.reload()
    expect(page.locator("#notes")).to_have_value("")
    page.goto(FILLED)
    page.context.clear_cookies(name="studio_session")
    page.locator("#limit").fill("9")
    page.get_by_role("alert").get_by_role("link", name="Sign in").click()
    sign_in(page, "keeps@example.org")
    expect(page.locator("#limit")).to_have_value("9")
    start(page)
    page.wait_for_url(re.compile("/runs/[0-9a-f-]{36}$"))


def test_a_key_is_never_kept(open_page: Callable[..., Page]) -> None:
    page = open_page()
    register(page, "key@example.org")
    page.goto("/settings/connections/new")
    page.locator("#name").fill("mine")
    page.locator("#base_url").fill("https://api.example.org/v1")
    page.locator("#api_key").fill(SECRET)
    page.get_by_text("Prices", exact=True).click()
    page.get_by_role("button", name="Add a price").click()
    page.locator("[name=price_model]").nth(2).fill("third")
    page.context.clear_cookies(name="studio_session")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    stored = page.evaluate("JSON.stringify({...sessionStorage, ...localStorage})")
    assert "api.example.org" in stored
    assert SECRET not in stored
    sign_in(page, "key@example.org")
    expect(page.locator("#base_url")).to_have_value("https://api.example.org/v1")
    expect(page.locator("[name=price_model]").nth(2)).to_have_value("third")
    expect(page.locator("#api_key")).to_have_value("")


def test_another_account_does_not_get_the_form(open_page: Callable[..., Page]) -> None:
    page, other = open_page(), open_page()
    register(other, "second@example.org")
    register(page, "first@example.org")
    page.goto(FILLED)
    page.locator("#limit").fill("7")
    page.context.clear_cookies(name="studio_session")
    start(page)
    sign_in(page, "second@example.org")
    expect(page.get_by_role("heading", name="New run")).to_be_visible()
    page.wait_for_load_state("networkidle")
    expect(page.locator("#limit")).to_have_value("")
    assert page.evaluate("sessionStorage.length") == 0


def test_a_stale_tab_gets_its_form_back(open_page: Callable[..., Page]) -> None:
    page = open_page()
    register(page, "tabs@example.org")
    page.goto(FILLED)
    page.locator("#limit").fill("3")
    other = page.context.new_page()
    other.goto("/")
    other.get_by_role("button", name="Sign out").click()
    sign_in(other, "tabs@example.org")
    expect(other.get_by_role("heading", name="No runs yet")).to_be_visible()

    start(page)
    expect(page.get_by_text("from an earlier session, so nothing was sent")).to_be_visible()
    expect(page.locator("#limit")).to_have_value("3")
    start(page)
    page.wait_for_url(re.compile("/runs/[0-9a-f-]{36}$"))


def test_what_was_deleted_elsewhere_is_an_error_in_the_shell(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/settings/tokens")
    page.locator("#name").fill("stale")
    page.get_by_role("button", name="Create token").click()
    other = page.context.new_page()
    other.goto("/settings/tokens")
    for tab in (page, other):
        row = tab.locator("li.row-item").filter(has_text="stale")
        row.get_by_role("button", name="Revoke").click()
        tab.get_by_role("dialog").get_by_role("button", name="Revoke token").click()
    expect(other.get_by_role("heading", level=1)).to_be_visible()
    expect(other.get_by_role("link", name="Benchmarks")).to_be_visible()
    expect(other.get_by_text("Error 404")).to_be_visible()


def test_a_reload_makes_no_second_token(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/settings/tokens")
    page.locator("#name").fill("once only")
    page.locator("#name").press("Enter")
    expect(page.get_by_role("heading", name="Copy your new token now")).to_be_visible()
    expect(page.locator("li.row-item").filter(has_text="once only")).to_have_count(1)
    page.reload()
    expect(page.locator("li.row-item").filter(has_text="once only")).to_have_count(1)
    expect(page.get_by_role("heading", name="Copy your new token now")).to_have_count(0)
