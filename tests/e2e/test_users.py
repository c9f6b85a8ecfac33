"""Accounts in a browser: who becomes administrator, who is let in, and who is put out."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PASSWORD, Studio
from tests.e2e.test_layout import check_layout

pytestmark = [pytest.mark.enable_socket]

NEW = "a lantern over still water"
OpenPage = Callable[..., Page]


def register(page: Page, email: str) -> None:
    page.goto("/register")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create").click()
    page.wait_for_url(re.compile("/$"))


def sign_in(page: Page, email: str, password: str) -> None:
    page.goto("/login")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def manage(page: Page, email: str) -> None:
    """Find the account in the list and open its page."""
    page.goto("/settings/connections")
    page.get_by_role("navigation", name="Settings").get_by_role("link", name="Users").click()
    page.get_by_role("searchbox", name="Search addresses").fill(email.upper())
    page.keyboard.press("Enter")
    page.get_by_role("link", name=f"Manage {email}").click()
    expect(page.get_by_role("heading", name=email)).to_be_visible()


def make_link(page: Page) -> str:
    page.get_by_role("button", name="Make reset link").click()
    shown = page.get_by_role("button", name=re.compile("Copy link"))
    expect(shown).to_be_visible()
    return str(shown.get_attribute("data-copy"))


def test_registering_says_what_the_account_will_be(
    open_page: OpenPage, signed_in_state: str
) -> None:
    page = open_page()
    page.goto("/register")
    expect(page.get_by_text("This account will be a member.")).to_be_visible()
    register(page, "member@example.org")
    page.goto("/settings/account")
    expect(page.get_by_text("Member", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Users")).to_have_count(0)


def test_a_member_is_made_administrator_and_member_again(
    open_page: OpenPage, signed_in_state: str
) -> None:
    other = open_page()
    register(other, "rosa@example.org")
    page = open_page(state=signed_in_state)
    manage(page, "rosa@example.org")
    page.get_by_role("button", name="Make administrator").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Make rosa@example.org an administrator?")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Make administrator").press("Enter")  # by keyboard alone
    page.keyboard.press("Tab")
    expect(dialog.get_by_role("button", name="Make administrator")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("rosa@example.org is an administrator now.")).to_be_visible()

    # Now there are two: one gives up its own role, after saying that it is meant.
    manage(other, "rosa@example.org")
    other.get_by_role("button", name="Make member").click()
    dialog = other.get_by_role("dialog")
    dialog.get_by_role("button", name="Make member").click()
    expect(dialog).to_be_visible()  # the box is not ticked
    dialog.get_by_label("This is my own account, and I mean it.").check()
    dialog.get_by_role("button", name="Make member").click()
    other.wait_for_url(re.compile("/settings/account$"))
    expect(other.get_by_text("rosa@example.org is a member now.")).to_be_visible()


def test_the_only_administrator_keeps_its_role(open_page: OpenPage, signed_in_state: str) -> None:
    page = open_page(state=signed_in_state)
    manage(page, "ada@example.org")
    page.get_by_role("button", name="Make member").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("This is my own account, and I mean it.").check()
    dialog.get_by_role("button", name="Make member").click()
    expect(page.get_by_text("ada@example.org is the only administrator.")).to_be_visible()
    expect(page.get_by_role("button", name="Make member")).to_be_visible()


def test_a_reset_link_is_handed_over_and_opens_the_account_once(
    open_page: OpenPage, signed_in_state: str, studio: Studio
) -> None:
    there = open_page()
    register(there, "lost@example.org")
    page = open_page(state=signed_in_state)
    manage(page, "lost@example.org")
    link = make_link(page)
    page.reload()  # neither shows it again nor makes another
    expect(page.get_by_role("button", name=re.compile("Copy link"))).to_have_count(0)

    here = open_page(width=390)
    here.goto(link)  # the page's script takes the secret from behind the #
    here.wait_for_url(re.compile("/reset/password$"))
    expect(here.get_by_text("lost@example.org")).to_be_visible()
    here.get_by_label("New password").fill("short")
    here.get_by_role("button", name="Set password").click()
    expect(here.get_by_text("Use at least 8 characters.")).to_be_visible()
    here.get_by_label("New password").fill(NEW)
    here.get_by_label("New password").press("Enter")
    expect(here.get_by_text("Your password is set, and you are signed in.")).to_be_visible()

    there.goto("/settings/account")  # it was signed in with the old password
    expect(there.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(there, "lost@example.org", PASSWORD)
    expect(there.get_by_text("The email address or the password is wrong.")).to_be_visible()
    sign_in(there, "lost@example.org", NEW)
    there.wait_for_url(re.compile("/$"))

    again = open_page()
    again.goto(link)
    expect(again.get_by_text("This link is not valid any more")).to_be_visible()
    assert "#" not in again.url
    secret = link.partition("#")[2]
    assert len(secret) > 40
    log = studio.log.read_text()
    assert secret not in log
    assert NEW not in log


def test_a_link_can_be_pasted_where_no_script_runs(
    open_page: OpenPage, signed_in_state: str, chromium: object, studio: Studio
) -> None:
    there = open_page()
    register(there, "paste@example.org")
    page = open_page(state=signed_in_state)
    manage(page, "paste@example.org")
    link = make_link(page)
    context = chromium.new_context(base_url=studio.url, java_script_enabled=False)  # type: ignore[attr-defined]
    plain = context.new_page()
    plain.goto(link)
    plain.get_by_label("Reset link").fill(link)
    plain.get_by_role("button", name="Continue").click()
    expect(plain.get_by_text("paste@example.org")).to_be_visible()
    context.close()


def test_a_disabled_account_is_put_out_while_its_run_is_watched(
    open_page: OpenPage, signed_in_state: str
) -> None:
    there = open_page()
    register(there, "busy@example.org")
    there.goto("/runs/new?benchmark=gen_chain_sum&model=simulated/slow&limit=400")
    there.get_by_role("button", name=re.compile("^Start")).click()
    there.wait_for_url(re.compile("/runs/[0-9a-f-]{36}$"))
    run = there.url
    expect(there.locator('[data-live="done"]')).not_to_have_text("0", timeout=20_000)

    page = open_page(state=signed_in_state)
    manage(page, "busy@example.org")
    page.get_by_role("button", name="Disable").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 active run pauses")
    dialog.get_by_role("button", name="Disable account").click()
    expect(page.get_by_text("busy@example.org is disabled now.")).to_be_visible()
    there.goto(run)
    expect(there.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(there, "busy@example.org", PASSWORD)
    expect(there.get_by_text("This account has been disabled.")).to_be_visible()

    page.get_by_role("button", name="Enable").click()
    expect(page.get_by_text("busy@example.org is enabled now.")).to_be_visible()
    sign_in(there, "busy@example.org", PASSWORD)
    there.wait_for_url(re.compile("/$"))
    there.goto(run)
    expect(there.locator("[data-run-status]")).to_contain_text("Paused", timeout=20_000)
    expect(there.get_by_text("An administrator disabled this account.")).to_be_visible()
    there.get_by_role("button", name="Resume").click()
    expect(there.locator("[data-run-status]")).not_to_contain_text("Paused", timeout=20_000)
    there.get_by_role("button", name="Cancel run").first.click()
    there.get_by_role("dialog").get_by_role("button", name="Cancel run").click()
    expect(there.locator("[data-run-status]")).to_contain_text("Canceled", timeout=60_000)


def test_a_deletion_counts_what_goes_and_takes_it(
    open_page: OpenPage, signed_in_state: str
) -> None:
    there = open_page()
    register(there, "gone@example.org")
    there.goto("/runs/new?benchmark=gen_chain_sum&model=simulated/expert&limit=5")
    there.get_by_role("button", name=re.compile("^Start")).click()
    expect(there.locator("[data-run-status]")).to_contain_text("Done", timeout=30_000)

    page = open_page(state=signed_in_state)
    manage(page, "gone@example.org")
    expect(page.get_by_text("With it go 1 run and 5 samples.")).to_be_visible()
    confirmation = page.get_by_label("Type its email address to confirm")
    confirmation.fill("another@example.org")
    page.get_by_role("button", name="Delete account").click()
    expect(page.get_by_text("Type gone@example.org to delete this account.")).to_be_visible()
    confirmation.fill("gone@example.org")
    page.get_by_role("button", name="Delete account").click()
    page.wait_for_url(re.compile("/settings/users$"))
    expect(page.get_by_text("gone@example.org and everything in that account")).to_be_visible()
    there.reload()
    expect(there.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_the_pages_fit(open_page: OpenPage, signed_in_state: str, width: int, theme: str) -> None:
    page = open_page(width=width, theme=theme, state=signed_in_state)
    page.goto("/settings/users")
    check_layout(page, width, "/settings/users")
    page.get_by_role("link", name="Manage ada@example.org").click()
    page.get_by_role("button", name="Disable").click()
    box = page.get_by_role("dialog").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    check_layout(page, width, "the account's page")
