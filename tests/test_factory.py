"""The application as it is put together."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask, request

from tests.app_fixtures import Browser


@pytest.mark.parametrize("name", ["geist", "geist-mono"])
def test_the_fonts_come_from_here_and_are_kept(client: Browser, name: str) -> None:
    with client.get(f"/fonts/{name}") as answer:
        assert (answer.status_code, answer.mimetype) == (200, "font/ttf")
        assert "max-age=31536000" in answer.headers["Cache-Control"]
        assert len(answer.data) > 10_000


def test_any_other_font_is_not_there(client: Browser) -> None:
    assert client.get("/fonts/..%2Fsecret").status_code == 404
    assert client.get("/fonts/arial").status_code == 404


@pytest.mark.parametrize(
    ("cookie", "shown"), [("light", True), ("dark", True), ('"><script>', False)]
)
def test_the_theme_is_one_of_ours(client: Browser, cookie: str, shown: bool) -> None:
    client.set_cookie("theme", cookie)
    assert (f'data-theme="{cookie}"' in client.get("/register").text) is shown


def test_forwarded_addresses_count_only_behind_a_proxy(make_app: Callable[..., Flask]) -> None:
    def seen(app: Flask) -> str | None:
        app.add_url_rule("/seen", view_func=lambda: str(request.remote_addr))
        headers = {"X-Forwarded-For": "203.0.113.7"}
        return app.test_client().get("/seen", headers=headers).text

    assert seen(make_app()) == "127.0.0.1"
    assert seen(make_app(trusted_proxies=1)) == "203.0.113.7"


def test_hosts_that_are_not_ours_are_refused(make_app: Callable[..., Flask]) -> None:
    client = make_app(trusted_hosts=("studio.example.org",)).test_client()
    assert client.get("/register", headers={"Host": "evil.example.org"}).status_code == 400
    assert client.get("/register", headers={"Host": "studio.example.org"}).status_code == 200


def test_a_body_that_is_too_large_is_refused(client: Browser) -> None:
    assert client.post("/login", data={"email": "x" * 3_000_000}).status_code == 413
