"""Setting a new password with a reset link: the pages of who was handed one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from app.db import now, transaction
from app.models import ResetLink
from app.services.account_disabling import disable_account
from app.services.accounts import reset_links
from app.services.accounts.accounts import Account
from tests.app_fixtures import PASSWORD, Browser

NEW = "a quite different one"


@pytest.fixture
def link(app: Flask, owner: Account, second_user: Account) -> str:
    with app.app_context():
        return reset_links.create_reset_link(second_user.id, by=owner.id).url


def test_a_link_leads_to_a_new_password_and_in(
    app: Flask, client: Browser, second_browser: Browser, second_user: Account, link: str
) -> None:
    assert client.get("/reset").status_code == 200
    answer = client.submit("/reset", {"link": link})
    assert (answer.status_code, answer.location) == (303, "/reset/password")
    page = client.get("/reset/password").text
    assert second_user.email in page
    answer = client.submit("/reset/password", {"password": "short"})
    assert answer.status_code == 422
    assert "at least 8 characters" in answer.text
    assert client.submit("/reset/password", {"password": ""}).status_code == 422
    assert second_browser.get("/settings/account").status_code == 200
    answer = client.submit("/reset/password", {"password": NEW})
    assert (answer.status_code, answer.location) == (303, "/")
    assert "you are signed in" in client.get("/").text
    assert second_user.email in client.get("/settings/account").text
    assert second_browser.get("/settings/account").status_code == 302
    fresh = app.test_client()
    assert isinstance(fresh, Browser)
    form = {"email": second_user.email, "password": PASSWORD}
    assert fresh.submit("/login", form).status_code == 401
    assert fresh.submit("/login", {**form, "password": NEW}).status_code == 303


def test_a_used_link_opens_nothing_in_any_browser(app: Flask, client: Browser, link: str) -> None:
    other = app.test_client()
    assert isinstance(other, Browser)
    other.submit("/reset", {"link": link})  # opened twice, before it is used
    client.submit("/reset", {"link": link})
    client.submit("/reset/password", {"password": NEW})
    answer = other.submit("/reset/password", {"password": "yet another password"})
    assert (answer.status_code, answer.location) == (303, "/reset")
    assert "not valid any more" in other.get("/reset").text
    answer = other.submit("/reset", {"link": link})
    assert answer.status_code == 422
    assert "not valid any more" in answer.text


@pytest.mark.parametrize("end", ["expire", "replace", "disable"])
def test_a_link_that_ended_meanwhile_sets_nothing(
    app: Flask, client: Browser, second_user: Account, link: str, end: str
) -> None:
    client.submit("/reset", {"link": link})
    with app.app_context():
        if end == "expire":
            with transaction() as session:
                past = now() - timedelta(seconds=1)
                session.execute(update(ResetLink).values(expires_at=past))
        elif end == "replace":
            reset_links.create_reset_link(second_user.id, by=None)
        else:
            disable_account(second_user.id, by=None)
    answer = client.submit("/reset/password", {"password": NEW})
    assert (answer.status_code, answer.location) == (303, "/reset")
    assert client.get("/reset/password").status_code == 303


@pytest.mark.parametrize("text", ["made-up", "http://127.0.0.1:8000/reset", "#", "x" * 501, " "])
def test_what_is_no_link_is_refused_alike(client: Browser, owner: Account, text: str) -> None:
    answer = client.submit("/reset", {"link": text})
    assert answer.status_code == 422
    assert owner.email not in answer.text


def test_the_secret_alone_will_do(client: Browser, link: str) -> None:
    answer = client.submit("/reset", {"link": f" {link.partition('#')[2]} "})
    assert answer.location == "/reset/password"


def test_a_form_without_its_token_changes_nothing(client: Browser, link: str) -> None:
    assert client.post("/reset", data={"link": link}).status_code == 400
    client.submit("/reset", {"link": link})
    assert client.post("/reset/password", data={"password": NEW}).status_code == 400


def test_attempts_are_limited_by_address(client: Browser, owner: Account) -> None:
    answers = [client.submit("/reset", {"link": "made-up"}).status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]
