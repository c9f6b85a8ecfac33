"""Runs for browser tests, started through the API with the page's own cookie."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import Page


def start_run(page: Page, **options: Any) -> str:
    """Start a run and return its id; the page must show one of the studio's."""
    token = page.locator('meta[name="csrf-token"]').get_attribute("content")
    give_up_at = time.monotonic() + 90
    while True:
        answer = page.request.post(
            "/api/v1/runs",
            data={"order": "first", **options},
            headers={"X-CSRFToken": token or ""},
        )
        # Tests of a quick machine start more runs than an account may in a minute.
        if answer.status != 429 or time.monotonic() > give_up_at:
            break
        page.wait_for_timeout(1000)
    assert answer.status == 201, answer.text()
    return str(answer.json()["run_id"])


def finish_run(page: Page, **options: Any) -> str:
    """Start a run, wait until it is done, and return its id."""
    run_id = start_run(page, **options)
    give_up_at = time.monotonic() + 120
    while page.request.get(f"/api/v1/runs/{run_id}").json()["status"] != "completed":
        assert time.monotonic() < give_up_at, "the run did not end"
        page.wait_for_timeout(300)
    return run_id
