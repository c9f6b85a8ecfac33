"""First steps on the runs' page."""

from __future__ import annotations

import re

from flask import Flask

from app.services.accounts.accounts import Account
from tests.app_fixtures import Browser
from tests.run_fixtures import add_run, add_samples


def test_each_step_leads_on_until_the_list_is_closed(
    app: Flask, second_browser: Browser, second_user: Account
) -> None:
    html = second_browser.get("/").text
    assert "0 of 4 done" in html
    assert "/runs/new?benchmark=gen_word_problems&amp;model=simulated/expert&amp;limit=20" in html
    assert "Look for local servers" not in html
    with app.app_context():
        ids = [
            add_run(second_user.id, status="completed", model=f"simulated/{name}", total=1, done=1)
            for name in ("expert", "novice")
        ]
        for run_id in ids:
            add_samples(run_id, {"sample_id": "1"})
    html = second_browser.get("/").text
    assert "1 of 4 done" in html
    found = re.search(r'href="(/compare[?]run_ids=[^"]+)"', html)
    assert found
    compared = second_browser.get(found.group(1).replace("&amp;", "&"))
    assert "Difference" in compared.text
    assert "2 of 4 done" in second_browser.get("/").text
    assert "First steps" not in second_browser.get("/?status=failed").text
    assert (
        "First steps" not in second_browser.submit("/first-steps/close", follow_redirects=True).text
    )


def test_an_administrator_looks_for_servers_from_there(signed_in: Browser) -> None:
    html = signed_in.get("/").text
    assert "Look for local servers" in html
    assert 'action="/settings/local-servers"' in html


def test_an_empty_page_without_steps_still_leads_to_the_first_run(signed_in: Browser) -> None:
    signed_in.submit("/first-steps/close")
    html = signed_in.get("/").text
    assert "No runs yet" in html
    assert "Start your first run" in html
