"""Signing in and out, registering: the pages."""

from __future__ import annotations

import re

import pytest

from app.services.accounts import accounts
from app.web.security import is_local_path
from tests.app_fixtures import PASSWORD

HOSTILE_TARGETS = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "http://evil.example",
    "https:evil.example",
    "https:///evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "/\t/evil.example",
    "/\n/evil.example",
    " //evil.example",
    "evil.example",
    "/ok\r\nSet-Cookie: a=b",
    "\x00/runs",
    "/runs\x7f",
]


def _log_in(client, email="ada@example.org", password=PASSWORD, **data):
    return client.submit("/login", {"email": email, "password": password, **data})


def _session_cookie(client):
    return client.get_cookie("studio_session")


@pytest.mark.parametrize("target", HOSTILE_TARGETS)
def test_a_target_on_another_site_is_not_local(target):
    assert not is_local_path(target)


@pytest.mark.parametrize("target", ["/", "/runs", "/runs/a?b=c&d=//e", "/settings/connections#x"])
def test_a_plain_path_is_local(target):
    assert is_local_path(target)


def test_a_fresh_installation_asks_for_its_first_account(client):
    assert client.get("/login").location == "/register"
    assert "administrator" in client.get("/register").text


def test_registering_signs_in(client):
    answer = client.submit("/register", {"email": "ada@example.org", "password": PASSWORD})
    assert (answer.status_code, answer.location) == (303, "/runs/") or answer.location == "/"
    assert client.get("/settings/account").status_code == 200


@pytest.mark.parametrize(
    ("data", "status", "message"),
    [
        ({"email": "", "password": ""}, 422, "Enter your email address."),
        ({"email": "nonsense", "password": PASSWORD}, 422, "such as ada@example.org"),
        ({"email": "x@example.org", "password": "short"}, 422, "at least 8 characters"),
        ({"email": "ada@example.org", "password": PASSWORD}, 409, "cannot be registered"),
    ],
)
def test_what_does_not_fit_is_said_beside_the_field(client, owner, data, status, message):
    answer = client.submit("/register", data)
    assert answer.status_code == status
    assert message in answer.text
    assert PASSWORD not in answer.text


def test_signing_in_leads_to_the_page_that_was_wanted(client, owner):
    answer = _log_in(client, next="/settings/tokens")
    assert (answer.status_code, answer.location) == (303, "/settings/tokens")


@pytest.mark.parametrize("target", HOSTILE_TARGETS[:4])
def test_signing_in_never_leads_to_another_site(client, owner, target):
    assert "evil" not in _log_in(client, next=target).location


def test_a_wrong_password_and_an_unknown_address_look_the_same(client, owner):
    def visible(answer):
        return re.sub(r'value="[^"]*"|content="[^"]*"|reference.*', "", answer.text)

    wrong = _log_in(client, password="not the password")
    unknown = _log_in(client, email="bob@example.org")
    assert wrong.status_code == unknown.status_code == 401
    assert visible(wrong) == visible(unknown)


def test_a_sign_in_that_a_change_of_the_password_overtakes_is_refused(client, owner, monkeypatch):
    def check_slowly(email, password):
        signed_in = authenticate(email, password)
        accounts.change_password(owner.id, PASSWORD, "a quite different one", None)
        return signed_in

    authenticate = accounts.authenticate
    monkeypatch.setattr(accounts, "authenticate", check_slowly)
    answer = _log_in(client)
    assert answer.status_code == 401
    assert "The password was changed a moment ago." in answer.text
    assert client.get("/settings/tokens").status_code == 302


def test_a_page_sends_strangers_to_sign_in_and_back(client, owner):
    answer = client.get("/settings/tokens")
    assert answer.status_code == 302
    assert answer.location == "/login?next=/settings/tokens"


def test_a_cookie_that_was_copied_dies_with_the_session(app, client, owner):
    _log_in(client)
    thief = app.test_client()
    thief.set_cookie("studio_session", _session_cookie(client).value)
    assert thief.get("/settings/account").status_code == 200
    client.submit("/logout")
    assert thief.get("/settings/account").status_code == 302
    assert client.get("/settings/account").status_code == 302


def test_a_session_that_was_planted_before_does_not_survive_signing_in(client, owner):
    with client.session_transaction() as session:
        session["planted"] = "value"
    _log_in(client)
    with client.session_transaction() as session:
        assert "planted" not in session
        assert session["_user_id"] != str(owner.id)


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(client, owner):
    answer = _log_in(client)
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if "studio_session" in c)
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    assert "Expires" not in cookie


def test_over_tls_the_cookies_are_secure(make_app, make_account):
    make_account("ada@example.org")
    client = make_app(secure_cookies=True).test_client()
    answer = client.submit(
        "/login",
        {"email": "ada@example.org", "password": PASSWORD},
        base_url="https://localhost",
        headers={"Referer": "https://localhost/login"},
    )
    cookies = answer.headers.getlist("Set-Cookie")
    assert len(cookies) == 2
    assert all("Secure" in cookie for cookie in cookies)
    assert answer.headers["Strict-Transport-Security"]


def test_staying_signed_in_keeps_the_cookie(client, owner):
    answer = _log_in(client, remember="y")
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if "studio_session" in c)
    assert "Expires" in cookie


def test_a_form_without_its_token_changes_nothing(client, owner):
    answer = client.post("/login", data={"email": "ada@example.org", "password": PASSWORD})
    assert answer.status_code == 400
    assert "Reload" in answer.text
    assert client.get("/settings/account").status_code == 302


def test_closed_registration_says_so(make_app, make_account):
    make_account("ada@example.org")
    client = make_app(registration_open=False).test_client()
    assert client.get("/register").location == "/login"
    assert "closed" in client.get("/login").text
    answer = client.submit("/register", {"email": "b@example.org", "password": PASSWORD})
    assert answer.location == "/login"
