"""Limits of signing in and registering."""

from __future__ import annotations

import pytest

from app.extensions import limiter
from tests.app_fixtures import PASSWORD, ApiClient


@pytest.fixture
def proxied(make_app, make_account):
    """An application behind one proxy, which tells the addresses of visitors."""
    make_account("ada@example.org")
    return make_app(trusted_proxies=1)


def _try(client, email, address, password="wrong password"):  # noqa: S107
    return client.submit(
        "/login",
        {"email": email, "password": password},
        headers={"X-Forwarded-For": address},
    )


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch):
    """Skip the slow hash: here only the number of attempts matters."""
    monkeypatch.setattr(
        "app.services.accounts.accounts.verify_password",
        lambda stored, password: password == PASSWORD,
    )


def test_the_sixth_attempt_from_an_address_is_refused_whatever_the_account(proxied):
    client = proxied.test_client()
    codes = [_try(client, f"user{n}@example.org", "192.0.2.1").status_code for n in range(6)]
    assert codes == [401] * 5 + [429]
    assert _try(client, "other@example.org", "192.0.2.2").status_code == 401


def test_the_sixth_attempt_on_an_account_is_refused_whatever_the_address(proxied):
    client = proxied.test_client()
    codes = [_try(client, "Ada@example.org", f"192.0.2.{n}").status_code for n in range(6)]
    assert codes == [401] * 5 + [429]
    assert _try(client, "bob@example.org", "192.0.2.99").status_code == 401


def test_a_stranger_cannot_lock_the_owner_out_of_a_browser_that_is_known(proxied):
    own = proxied.test_client()
    assert _try(own, "ada@example.org", "198.51.100.1", PASSWORD).status_code == 303
    own.submit("/logout")
    stranger = proxied.test_client()
    codes = [_try(stranger, "ada@example.org", f"192.0.2.{n}").status_code for n in range(6)]
    assert codes[-1] == 429
    assert _try(own, "ada@example.org", "198.51.100.1", PASSWORD).status_code == 303


def test_a_known_browser_is_limited_too(proxied):
    own = proxied.test_client()
    _try(own, "ada@example.org", "198.51.100.1", PASSWORD)
    own.submit("/logout")
    codes = [_try(own, "ada@example.org", f"192.0.2.{n}").status_code for n in range(6)]
    assert codes == [401] * 5 + [429]


def test_an_ipv6_network_counts_as_one_address(proxied):
    client = proxied.test_client()
    codes = [
        _try(client, f"user{n}@example.org", f"2001:db8:1:2::{n}").status_code for n in range(6)
    ]
    assert codes == [401] * 5 + [429]


def test_a_header_that_no_proxy_wrote_is_not_believed(app, owner):
    client = app.test_client()
    codes = [_try(client, f"u{n}@example.org", f"192.0.2.{n}").status_code for n in range(6)]
    assert codes == [401] * 5 + [429]


def test_page_and_api_share_the_limit(app, client, owner):
    for _ in range(3):
        _try(client, "ada@example.org", "")
    api = ApiClient(app, None)
    body = {"email": "ada@example.org", "password": "wrong password"}
    assert [api.post("/auth/login", json=body).status_code for _ in range(3)] == [401, 401, 429]


def test_the_refusal_says_how_long_to_wait(client, owner):
    answer = [_try(client, "ada@example.org", "") for _ in range(6)][-1]
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert "Wait" in answer.text or answer.headers["Retry-After"] in answer.text


def test_an_answer_that_succeeded_asks_nobody_to_wait(client, owner):
    assert "Retry-After" not in _try(client, "ada@example.org", "").headers


def test_the_form_itself_is_not_limited(client, owner):
    assert {client.get("/login").status_code for _ in range(8)} == {200}


def test_registering_is_limited(client):
    codes = [
        client.submit("/register", {"email": f"u{n}@example.org", "password": "x"}).status_code
        for n in range(6)
    ]
    assert codes == [422] * 5 + [429]


def test_without_the_queue_server_limits_hold_in_memory(make_app, make_account):
    make_account("ada@example.org")
    app = make_app()
    app.config["RATELIMIT_STORAGE_URI"] = "redis+unix:///nobody-answers-here.sock"
    limiter.init_app(app)
    client = app.test_client()
    try:
        codes = [_try(client, "ada@example.org", "").status_code for _ in range(6)]
    finally:
        limiter._storage_dead = False
    assert codes == [401] * 5 + [429]
