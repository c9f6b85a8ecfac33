"""A session that ended and a page of an earlier one: nothing is sent, and the form comes back."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.db import db
from app.models import Run
from tests.app_fixtures import PASSWORD, Browser

RUN = {"benchmark": "gen_chain_sum", "model": "simulated/expert", "limit": "3"}
HERE = "http://localhost"


def next_of(location: str) -> str:
    (target,) = parse_qs(urlsplit(location).query)["next"]
    return target


@pytest.mark.parametrize(
    ("sent_from", "back_to"),
    [
        ("/runs/new?from=x&limit=3", "/runs/new?from=x&limit=3#form-kept"),
        ("/runs", "/runs/new#form-kept"),  # shown again with its errors: no address to open
        ("/settings/connections/new", "/settings/connections/new#form-kept"),
    ],
)
def test_a_form_after_the_session_ended_leads_back_to_its_page(
    client: Browser, owner: object, sent_from: str, back_to: str
) -> None:
    answer = client.submit("/runs", RUN, headers={"Referer": HERE + sent_from})
    assert answer.status_code == 303
    assert next_of(answer.location) == back_to
    page = client.get(answer.location).text
    assert "Your session has ended, so nothing was sent." in page
    assert "Bearer" not in page
    target = back_to.partition("#")[0]
    data = {"email": "ada@example.org", "password": PASSWORD, "next": back_to}
    assert client.submit("/login", data).location.partition("#")[0] == target


@pytest.mark.parametrize(
    "referrer",
    ["https://evil.example/runs/new", "http://localhost:81/x", "", "http://localhost//e.org"],
)
def test_only_our_own_pages_are_led_back_to(client: Browser, owner: object, referrer: str) -> None:
    answer = client.submit("/runs", RUN, headers={"Referer": referrer})
    assert answer.status_code == 303
    ours = "/runs/new#form-kept" if referrer == "http://localhost//e.org" else None
    assert parse_qs(urlsplit(answer.location).query).get("next", [None]) == [ours]


def test_a_page_from_before_the_last_sign_in_comes_back_and_sends_nothing(
    app: Flask, signed_in: Browser
) -> None:
    stale = {**RUN, "csrf_token": "of-another-session"}
    answer = signed_in.post("/runs", data=stale, headers={"Referer": f"{HERE}/runs/new?limit=3"})
    assert (answer.status_code, answer.location) == (303, "/runs/new?limit=3#form-kept")
    assert "nothing was sent" in signed_in.get("/runs/new").text
    with app.app_context():
        assert db.session.execute(select(func.count()).select_from(Run)).scalar_one() == 0


def test_a_foreign_form_gets_no_redirect(signed_in: Browser) -> None:
    answer = signed_in.post("/runs", data=RUN, headers={"Referer": "https://evil.example/"})
    assert answer.status_code == 400
    assert 'id="side"' in answer.text, "the shell stands around the error"


@pytest.mark.parametrize("path", ["/api/v1/estimates", "/runs/try"])
def test_a_script_of_a_page_is_told_in_words_for_people(
    client: Browser, owner: object, path: str
) -> None:
    token = {"X-CSRFToken": client.csrf_token(), "Referer": f"{HERE}/runs/new"}
    answer = client.post(path, json=RUN, headers=token)
    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert answer.json["detail"] == "Your session has ended."
    assert "Bearer" not in answer.text


def test_programs_are_still_told_about_tokens(client: Browser, owner: object) -> None:
    answer = client.post("/api/v1/estimates", json=RUN)
    assert answer.status_code == 401
    assert "Bearer" in answer.json["action"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing-here", 404),
        ("GET", "/runs/0198f000-0000-7000-8000-000000000000", 404),
        ("POST", "/runs/0198f000-0000-7000-8000-000000000000/cancel", 404),
        ("POST", "/settings/webhooks/gone/test", 404),
        ("POST", "/benchmarks", 405),
        ("GET", "/settings/connections/simulated/test", 405),
    ],
)
def test_the_shell_stands_around_every_error_of_who_is_signed_in(
    signed_in: Browser, method: str, path: str, status: int
) -> None:
    answer = signed_in.get(path) if method == "GET" else signed_in.submit(path)
    assert answer.status_code == status
    assert 'id="side"' in answer.text
    assert answer.text.count("<main") == 1


def test_strangers_get_the_error_by_itself(client: Browser, owner: object) -> None:
    answer = client.get("/nothing-here")
    assert answer.status_code == 404
    assert 'id="side"' not in answer.text
    assert answer.text.count("<main") == 1
