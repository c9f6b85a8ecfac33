"""The product's main job in a browser: register, connect a model, run, watch, read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import free_port
from tests.fakes.model_server import ModelServer

pytestmark = [pytest.mark.enable_socket]

LIMIT = 40


def test_a_new_account_sees_what_to_do_first(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.goto("/register")
    page.get_by_label("Email").fill("grace@example.org")
    page.get_by_label("Password").fill("a quiet harbour at dawn")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()
    page.get_by_role("link", name="Start your first run").click()
    expect(page.get_by_role("heading", name="New run")).to_be_visible()


def test_a_visit_from_signing_in_to_reading_one_sample(
    open_page: Callable[..., Page], signed_in_state: str, model_server: ModelServer
) -> None:
    page = open_page(state=signed_in_state)

    # Connect a local, OpenAI-compatible server and test it.
    page.goto("/settings/connections/new")
    page.get_by_label("Name", exact=False).first.fill("local")
    page.get_by_label("Kind").select_option("openai_compatible")
    page.get_by_label("Address").fill(model_server.base_url)
    page.get_by_role("button", name="Save").click()
    row = page.locator('[data-connection-row="local"]')
    row.get_by_role("button", name="Test").click()
    expect(row.get_by_text(re.compile("Works: answered in .* 3 models"))).to_be_visible()

    # Choose benchmark and model; the estimate shows before anything is spent.
    page.goto("/runs/new")
    page.get_by_label("Search benchmarks").fill("gsm8k")
    page.locator('label.bench[data-benchmark="gsm8k"]').click()
    page.get_by_label("Model", exact=True).fill("local/fake-large")
    page.get_by_role("textbox", name="Samples").fill(str(LIMIT))
    expect(page.locator("[data-estimate-calls]")).to_have_text(str(LIMIT))
    expect(page.locator("[data-estimate-cost]")).to_contain_text(re.compile("unknown", re.I))
    page.get_by_text("Advanced", exact=True).click()
    page.get_by_role("textbox", name="Parallel calls").fill("4")
    page.get_by_role("button", name=re.compile("^Start")).click()

    # Live: the numbers move while the page stays.
    page.wait_for_url(re.compile("/runs/[0-9a-f-]{36}$"))
    done = page.locator('[data-live="done"]')
    expect(done).not_to_have_text("0")
    seen = done.inner_text()
    assert 0 < int(seen) <= LIMIT
    expect(done).not_to_have_text(seen)

    # Done: the page shows the final score by itself.
    expect(page.locator("[data-run-status]")).to_contain_text("Done", timeout=30_000)
    expect(page.locator('[data-live="interval"]')).to_contain_text("95% interval")
    expect(page.locator('[data-live="done"]')).to_have_text(str(LIMIT))

    # One sample, with the exact messages that were sent.
    page.get_by_role("link", name="All samples").click()
    page.locator("main table a, main li a").first.click()
    sent = {
        message["content"]
        for request in model_server.requests
        for message in request.payload["messages"]
        if message["role"] == "user"
    }
    assert len(sent) == LIMIT
    lines = Counter(" ".join(line.split()) for text in sent for line in set(text.splitlines()))
    questions = [line for line, times in lines.items() if times == 1]
    prompt = page.locator("main article:visible")
    expect(prompt.first).to_be_visible()
    shown = " ".join(" ".join(prompt.all_inner_texts()).split())
    assert sum(question in shown for question in questions) == 1
    expect(page.get_by_text(re.compile("ANSWER: (18|7)$")).first).to_be_visible()


def test_canceling_asks_first_and_keeps_what_is_scored(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/runs/new?benchmark=gen_chain_sum&model=simulated/slow")
    page.get_by_role("button", name=re.compile("^Start")).click()
    page.wait_for_url(re.compile("/runs/[0-9a-f-]{36}$"))
    expect(page.locator('[data-live="done"]')).not_to_have_text("0", timeout=20_000)

    page.get_by_role("button", name="Cancel run").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Cancel this run?")
    dialog.get_by_role("button", name="Keep running").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Cancel run").first.click()
    dialog.get_by_role("button", name="Cancel run").click()

    expect(page.locator("[data-run-status]")).to_contain_text("Canceled", timeout=20_000)
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    assert int(page.locator('[data-live="done"]').inner_text()) > 0


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("benchmark=gen_chain_sum", "Enter a model, as connection/model-id."),
        ("benchmark=gen_chain_sum&model=simulated/expert&limit=0", "must be at least 1"),
        ("benchmark=gen_chain_sum&model=simulated/expert&limit=1000000", "must be at most 200,000"),
        ("benchmark=gen_chain_sum&model=nobody/x", "no connection called"),
    ],
)
def test_a_form_that_does_not_fit_says_why_and_keeps_what_was_typed(
    open_page: Callable[..., Page], signed_in_state: str, address: str, words: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto(f"/runs/new?{address}")
    page.get_by_role("button", name=re.compile("^Start")).click()
    expect(page.get_by_text(re.compile(re.escape(words))).first).to_be_visible()
    if "gen_chain_sum" in address:
        expect(page.locator('input[value="gen_chain_sum"]')).to_be_checked()


def test_a_server_that_is_not_there_is_named_on_the_run_with_what_to_do(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/settings/connections/new")
    page.get_by_label("Name", exact=False).first.fill("gone")
    page.get_by_label("Kind").select_option("openai_compatible")
    page.get_by_label("Address").fill(f"http://127.0.0.1:{free_port()}/v1")
    page.get_by_role("button", name="Save").click()
    row = page.locator('[data-connection-row="gone"]')
    row.get_by_role("button", name="Test").click()
    expect(row.locator("[data-test-result]")).to_have_attribute("data-state", "bad")
    expect(row.locator("[data-test-result]")).not_to_have_text("")
