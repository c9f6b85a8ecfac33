"""What nginx and the web server make of addresses, schemes, hosts and sizes."""

from __future__ import annotations

from collections.abc import Callable
from http.cookies import SimpleCookie

import pytest
import requests

from tests.deployment.site import Client, Site

WRONG = "not the password of anybody"


def _fail_to_sign_in(client: Client, number: int, **headers: str) -> int:
    body = {"email": f"nobody{number}-{id(client)}@example.org", "password": WRONG}
    return client.post("/api/v1/auth/login", json=body, headers=headers).status_code


def test_each_address_has_its_own_five_attempts(make_client: Callable[..., Client]) -> None:
    one, other = make_client("127.0.0.31"), make_client("127.0.0.32")
    assert [_fail_to_sign_in(one, number) for number in range(7)] == [401] * 5 + [429] * 2
    assert _fail_to_sign_in(other, 0) == 401


@pytest.mark.parametrize(
    ("source", "header"),
    [
        ("127.0.0.33", "X-Forwarded-For"),
        ("127.0.0.34", "X-Real-IP"),
        ("127.0.0.35", "Forwarded"),
        ("127.0.0.36", "CF-Connecting-IP"),
    ],
)
def test_an_address_made_up_in_a_header_does_not_help(
    make_client: Callable[..., Client], source: str, header: str
) -> None:
    client = make_client(source)
    statuses = [
        _fail_to_sign_in(client, number, **{header: f"for=203.0.113.{number}"})
        if header == "Forwarded"
        else _fail_to_sign_in(client, number, **{header: f"203.0.113.{number}"})
        for number in range(7)
    ]
    assert statuses == [401] * 5 + [429] * 2


def test_of_several_hops_the_one_that_our_proxy_saw_counts(site: Site) -> None:
    url = f"http://127.0.0.1:{site.web_port}/api/v1/auth/login"
    statuses = []
    for number in range(7):
        headers = {"X-Forwarded-For": f"203.0.113.{number}, 198.51.100.7"}
        body = {"email": f"hop{number}@example.org", "password": WRONG}
        statuses.append(requests.post(url, json=body, headers=headers, timeout=10).status_code)
    assert statuses == [401] * 5 + [429] * 2


def test_a_refusal_says_when_to_come_back(make_client: Callable[..., Client]) -> None:
    client = make_client("127.0.0.37")
    for number in range(5):
        _fail_to_sign_in(client, number)
    answer = client.post("/api/v1/auth/login", json={"email": "x@example.org", "password": WRONG})
    assert answer.status_code == 429
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert 1 <= int(answer.headers["Retry-After"]) <= 60


def test_cookies_of_a_visit_over_tls_are_for_tls_alone(make_client: Callable[..., Client]) -> None:
    answer = make_client("127.0.0.38").get("/login")
    cookies = SimpleCookie(answer.headers["Set-Cookie"])
    cookie = cookies["studio_session"]
    assert cookie["secure"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert "max-age=" in answer.headers["Strict-Transport-Security"]


def test_redirects_and_links_keep_scheme_and_host(
    site: Site, make_client: Callable[..., Client]
) -> None:
    answer = make_client().get("/docs//")
    location = answer.headers.get("Location", "")
    assert not location.startswith("http://"), location
    away = make_client().get("/settings")
    assert away.headers.get("Location", "/").startswith(("/", site.tls_url))


def test_a_made_up_host_or_scheme_does_not_get_through(make_client: Callable[..., Client]) -> None:
    answer = make_client(tls=False).get(
        "/settings/tokens",
        headers={"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "javascript"},
    )
    assert "evil.example" not in str(answer.headers)
    assert "javascript" not in str(answer.headers)


def test_health_and_readiness_are_answered_through_the_proxy(site: Site) -> None:
    health = site.health()
    assert (health["status"], health["database"], health["queue"]) == ("ok", "ok", "ok")
    assert site.status("/ready") == 200


def test_metrics_are_for_the_inside(site: Site) -> None:
    assert site.status("/metrics") in (403, 404)
    inside = requests.get(f"http://127.0.0.1:{site.web_port}/metrics", timeout=10)
    assert inside.status_code == 200
    assert 'studio_up{part="queue"} 1' in inside.text


def test_a_body_that_is_too_large_is_refused(api: Client) -> None:
    big = api.post("/api/v1/runs", data=b"x" * 3_000_000)
    assert big.status_code == 413


def test_pages_are_strict_and_name_no_server_versions(make_client: Callable[..., Client]) -> None:
    headers = make_client().get("/login").headers
    assert headers["Server"] == "nginx"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"


def test_a_dashboard_that_is_not_switched_on_is_not_there(api: Client) -> None:
    assert api.get("/admin/rq/").status_code == 404
