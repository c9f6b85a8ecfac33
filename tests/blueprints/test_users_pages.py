"""Settings, Users: what administrators see and do, and who does not."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask

from app.db import db
from app.models import AccountRow, Run
from app.services.accounts import reset_links
from app.services.accounts.accounts import Account
from app.services.accounts.roles import set_admin
from tests.app_fixtures import PASSWORD, ApiClient, Browser
from tests.run_fixtures import add_run

LINK = re.compile(r'data-copy="(http[^"]+/reset#[^"]+)"')
ACTIONS = ("role", "reset-link", "access", "delete")


def url(account: Account, action: str = "") -> str:
    return f"/settings/users/{account.id}" + (f"/{action}" if action else "")


def test_the_list_shows_who_has_an_account(
    app: Flask, signed_in: Browser, owner: Account, second_user: Account
) -> None:
    with app.app_context():
        add_run(second_user.id)
    page = signed_in.get("/settings/users").text
    for words in (owner.email, second_user.email, "Administrator", "Member", "1 run<", "0 runs<"):
        assert words in page
    assert "no sign-in recorded" in page  # of Grace
    assert second_user.email not in signed_in.get("/settings/users?q=ADA").text
    assert "No user matches" in signed_in.get("/settings/users?q=%25").text


def test_a_long_list_has_pages(signed_in: Browser, make_account: Callable[..., Account]) -> None:
    for number in range(55):
        make_account(f"user{number:02}@example.org")
    first = signed_in.get("/settings/users").text
    assert "50 of 56 users" in first
    following = re.search(r'rel="next"\s+href="([^"]+)"', first)
    assert following is not None
    second = signed_in.get(following[1].replace("&amp;", "&")).text
    assert "user54@example.org" in second
    assert "user00@example.org" not in second
    assert signed_in.get("/settings/users?cursor=x").status_code == 422


def test_others_are_shown_nothing(
    app: Flask, second_browser: Browser, client: Browser, owner: Account, second_user: Account
) -> None:
    assert "/settings/users" not in second_browser.get("/settings/account").text
    for path in ("/settings/users", url(owner), url(second_user), "/settings/users/999"):
        assert second_browser.get(path).status_code == 404
        assert client.get(path).status_code == 302
    for action in ACTIONS:
        form = {"admin": "yes", "disabled": "yes", "email": owner.email}
        assert second_browser.submit(url(owner, action), form).status_code == 404
        assert client.submit(url(owner, action), form).status_code == 303
    with app.app_context():
        row = db.session.get_one(AccountRow, owner.id)
        assert (row.is_admin, row.disabled_at) == (True, None)


@pytest.mark.parametrize("action", ACTIONS)
def test_no_action_works_without_the_token_of_the_form(
    signed_in: Browser, second_user: Account, action: str
) -> None:
    form = {"admin": "yes", "disabled": "yes", "email": second_user.email}
    assert signed_in.post(url(second_user, action), data=form).status_code == 400
    assert signed_in.get(url(second_user, action)).status_code == 405


@pytest.mark.parametrize("number", [999, 2**31, 10**17])
def test_an_account_that_is_not_there_is_not_found(signed_in: Browser, number: int) -> None:
    assert signed_in.get(f"/settings/users/{number}").status_code == 404
    for action in ACTIONS:
        assert signed_in.submit(f"/settings/users/{number}/{action}", {}).status_code == 404


def test_a_role_is_given_and_taken(
    signed_in: Browser, second_browser: Browser, second_user: Account
) -> None:
    answer = signed_in.submit(url(second_user, "role"), {"admin": "yes"})
    assert (answer.status_code, answer.location) == (303, url(second_user))
    assert f"{second_user.email} is an administrator now." in signed_in.get(url(second_user)).text
    assert second_browser.get("/settings/users").status_code == 200
    signed_in.submit(url(second_user, "role"), {"admin": "no"})
    assert second_browser.get("/settings/users").status_code == 404  # at once


def test_an_open_queue_dashboard_closes_with_the_role(
    make_app: Callable[..., Flask], broker_url: str, owner: Account, second_user: Account
) -> None:
    app = make_app(rq_dashboard=True, redis_url=broker_url)
    browser = app.test_client()
    assert isinstance(browser, Browser)
    browser.sign_in_as(second_user)
    with app.app_context():
        set_admin(second_user.id, True, by=owner.id)
    assert browser.get("/admin/rq/").status_code == 200
    with app.app_context():
        set_admin(second_user.id, False, by=owner.id)
    assert browser.get("/admin/rq/").status_code == 404
    assert browser.get("/admin/rq/0/data/queues.json").status_code == 404


def test_the_last_administrator_stays_whatever_is_ticked(
    app: Flask, signed_in: Browser, owner: Account
) -> None:
    for action, form in (("role", {"admin": "no"}), ("access", {"disabled": "yes"})):
        signed_in.submit(url(owner, action), {**form, "confirm_self": "yes"})
        assert "is the only administrator" in signed_in.get(url(owner)).text
    with app.app_context():
        row = db.session.get_one(AccountRow, owner.id)
        assert (row.is_admin, row.disabled_at) == (True, None)


def test_ones_own_access_ends_only_when_it_is_meant(
    signed_in: Browser, owner: Account, second_user: Account
) -> None:
    signed_in.submit(url(second_user, "role"), {"admin": "yes"})
    for action, form in (("role", {"admin": "no"}), ("access", {"disabled": "yes"})):
        signed_in.submit(url(owner, action), form)
        assert "Tick the box if you mean it." in signed_in.get(url(owner)).text
    answer = signed_in.submit(url(owner, "delete"), {"email": owner.email})
    assert answer.location == "/settings/account"
    answer = signed_in.submit(url(owner, "access"), {"disabled": "yes", "confirm_self": "yes"})
    assert answer.location == "/login"
    assert f"{owner.email} is disabled now." in signed_in.get("/login").text
    assert signed_in.get("/settings/account").status_code == 302


def test_ones_own_role_can_be_given_up(
    signed_in: Browser, owner: Account, second_user: Account
) -> None:
    signed_in.submit(url(second_user, "role"), {"admin": "yes"})
    answer = signed_in.submit(url(owner, "role"), {"admin": "no", "confirm_self": "yes"})
    assert answer.location == "/settings/account"
    assert signed_in.get("/settings/users").status_code == 404


def test_a_disabled_account_is_out_until_it_is_enabled(
    signed_in: Browser, second_browser: Browser, second_api: ApiClient, second_user: Account
) -> None:
    signed_in.submit(url(second_user, "access"), {"disabled": "yes"})
    assert second_browser.get("/settings/account").status_code == 302
    assert second_api.get("/auth/me").status_code == 401
    credentials = {"email": second_user.email, "password": PASSWORD}
    answer = second_browser.submit("/login", credentials)
    assert answer.status_code == 401
    assert "This account has been disabled." in answer.text
    assert "Enable the account before" in signed_in.get(url(second_user)).text
    signed_in.submit(url(second_user, "reset-link"))
    assert "is disabled. Enable it first." in signed_in.get(url(second_user)).text
    signed_in.submit(url(second_user, "access"), {"disabled": "no"})
    assert second_browser.submit("/login", credentials).status_code == 303


def test_a_reset_link_is_shown_once(
    app: Flask, signed_in: Browser, owner: Account, second_user: Account
) -> None:
    answer = signed_in.submit(url(second_user, "reset-link"))
    assert (answer.status_code, answer.location) == (303, url(second_user))
    with signed_in.session_transaction() as session:
        assert "reset#" not in str(dict(session))
    assert not LINK.search(signed_in.get(url(owner)).text)  # on no other account's page
    shown = LINK.search(signed_in.get(url(second_user)).text)
    assert shown is not None
    assert not LINK.search(signed_in.get(url(second_user)).text)
    with app.app_context():
        secret = shown[1].partition("#")[2]
        assert reset_links.find_reset_email(secret) == second_user.email


def test_a_deletion_names_what_goes_and_wants_the_address(
    app: Flask, signed_in: Browser, second_user: Account
) -> None:
    with app.app_context():
        add_run(second_user.id, status="completed", done=7)
    page = signed_in.get(url(second_user)).text
    assert "With it go 1 run and 7 samples." in page
    answer = signed_in.submit(url(second_user, "delete"), {"email": "someone@example.org"})
    assert answer.status_code == 422
    assert f"Type {second_user.email} to delete this account." in answer.text
    answer = signed_in.submit(url(second_user, "delete"), {"email": " GRACE@example.org"})
    assert (answer.status_code, answer.location) == (303, "/settings/users")
    with app.app_context():
        assert db.session.get(AccountRow, second_user.id) is None
        assert db.session.query(Run).count() == 0
    assert signed_in.get(url(second_user)).status_code == 404


def test_registering_says_which_role_the_account_gets(client: Browser) -> None:
    assert "This account will be the administrator." in client.get("/register").text
    assert 'name="first" value="1"' in client.get("/register").text
    client.submit("/register", {"email": "ada@example.org", "password": PASSWORD, "first": "1"})
    assert "You are the administrator of this server." in client.get("/").text
    client.submit("/logout")
    assert "This account will be a member." in client.get("/register").text
    client.submit("/register", {"email": "b@example.org", "password": PASSWORD})
    assert "Another account was made" not in client.get("/").text


def test_who_was_second_after_all_is_told(client: Browser, owner: Account) -> None:
    client.submit("/register", {"email": "b@example.org", "password": PASSWORD, "first": "1"})
    assert "Another account was made a moment before yours" in client.get("/").text


def test_thirty_decisions_a_minute_are_enough(signed_in: Browser, second_user: Account) -> None:
    answers = [signed_in.submit(url(second_user, "role"), {"admin": "yes"}) for _ in range(31)]
    assert [answer.status_code for answer in answers] == [303] * 30 + [429]
