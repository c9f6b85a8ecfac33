"""A file of one's own becomes a benchmark whose questions are read, not its prompt."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.studio_runs import finish_run

pytestmark = [pytest.mark.enable_socket]

ROWS = [("Which city is the capital of Peru?", "Lima"), ("Which one is Chile's?", "Santiago")] * 3
PROMPT = "You are an expert of geography.\n\nAnswer in one word: {question}\n\nANSWER:"


def test_rows_are_seen_before_saving_and_questions_in_lists(
    open_page: Callable[..., Page], signed_in_state: str
) -> None:
    page = open_page(state=signed_in_state)
    page.goto("/benchmarks/own/new")
    lines = ["question,answer", *(f'"{question}",{answer}' for question, answer in ROWS)]
    page.locator('input[type="file"]').set_input_files(
        {"name": "cities.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()}
    )
    page.get_by_role("button", name="Upload and preview").click()
    expect(page.get_by_role("heading", name="6 rows in the file")).to_be_visible()
    table = page.get_by_role("region", name="First rows of the file")
    expect(table.get_by_role("columnheader")).to_have_text(["question", "answer"])
    expect(table.locator("tbody tr")).to_have_count(3)
    expect(table).to_contain_text("Which city is the capital of Peru?")

    page.get_by_label("Prompt", exact=True).fill(PROMPT)
    page.get_by_label("Name", exact=False).last.fill("e2e-cities")
    page.get_by_role("button", name="Check all rows and save").click()
    expect(page.get_by_text("own/e2e-cities version 1 is ready to run.")).to_be_visible()

    run_id = finish_run(
        page, benchmark="own/e2e-cities", model="simulated/expert", max_connections=1
    )
    page.goto(f"/runs/{run_id}/samples")
    previews = page.locator("a.sample-link .sample-preview")
    expect(previews).to_have_text([question for question, _ in ROWS])
    page.goto(f"/runs/{run_id}")
    latest = page.get_by_role("region", name="Latest samples")
    expect(latest.locator(".sample-preview").first).to_have_text("Which one is Chile's?")
    expect(latest.locator("tbody tr").first).to_contain_text("Santiago")
