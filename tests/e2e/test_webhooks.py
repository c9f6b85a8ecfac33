"""Webhooks in a browser: a receiver on this machine, what it was sent, and its log as it goes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.studio_runs import finish_run
from tests.e2e.test_users import register
from tests.fakes.webhook_receiver import Receiver, receiving

pytestmark = [pytest.mark.enable_socket]

OpenPage = Callable[..., Page]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def add_endpoint(page: Page, url: str) -> None:
    page.goto("/settings/webhooks")
    page.get_by_label("Address").fill(url)
    page.get_by_role("button", name="Add webhook").click()


def test_the_log_follows_deliveries_and_shows_what_was_sent(
    open_page: OpenPage, signed_in_state: str, receiver: Receiver
) -> None:
    page, other = open_page(state=signed_in_state), open_page(state=signed_in_state)
    receiver.status = 500
    add_endpoint(page, receiver.url)
    secret = page.get_by_role("button", name=re.compile("Copy secret"))
    expect(secret).to_be_visible()
    other.goto("/benchmarks")
    run_id = finish_run(other, benchmark="gen_chain_sum", model="simulated/expert", limit=2)
    changed = page.get_by_text("There is more in the log by now.")
    expect(changed).to_be_visible()  # a secret that is shown once is not loaded away
    expect(secret).to_be_visible()
    changed.get_by_role("link").click()

    row = page.get_by_role("listitem").filter(has_text="run.completed")
    expect(row).to_contain_text("answered 500")
    expect(row.get_by_text("Pending")).to_be_visible()
    row.get_by_text("What was sent").click()
    sent = row.locator("pre").first
    expect(sent).to_contain_text(run_id)
    assert sent.inner_text().encode() == receiver.received[0].body
    assert "whsec_" not in page.content()

    receiver.status = 200
    page.evaluate("window.isSamePage = true")
    hook_url = page.url
    other.goto(hook_url)
    other.get_by_role("button", name="Send again").click()
    expect(row.get_by_text("Delivered")).to_be_visible()
    expect(row).to_contain_text("2 attempts, answered 200")
    expect(sent).to_be_visible()
    assert page.evaluate("window.isSamePage")
    row.get_by_text("What was sent").click()
    expect(
        page.locator('[data-delivery][data-made="2"]')
    ).to_be_visible()  # loaded anew: nothing is open
    expect(row.get_by_text("Delivered")).to_be_visible()


def test_a_member_cannot_send_to_this_machine(open_page: OpenPage, receiver: Receiver) -> None:
    page = open_page()
    register(page, "hooked@example.org")
    add_endpoint(page, receiver.url)
    expect(page.get_by_text("Address not permitted.").first).to_be_visible()
    expect(page.get_by_label("Address")).to_have_value(receiver.url)
    assert receiver.received == []
