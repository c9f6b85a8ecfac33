"""The host that a request claims is repeated nowhere."""

from __future__ import annotations

import pytest

EVIL = "evil.example"


@pytest.mark.parametrize(
    "path",
    [
        "/", "/login", "/register", "/docs", "/docs/", "/docs//", "//login", "//evil.example/login",
        "/settings", "/settings/", "/runs", "/runs/", "/runs//new", "/nothing", "/health",
        "/api/v1/auth/me", "/api/v1//runs", "/api/v1/openapi.json", "/login?next=//evil2.example",
    ],
)  # fmt: skip
@pytest.mark.parametrize("signed", [False, True])
def test_neither_pages_nor_redirects_repeat_it(app, signed_in, path, signed):
    client = signed_in if signed else app.test_client()
    answer = client.get(path, base_url=f"http://{EVIL}")
    location = answer.headers.get("Location", "/")
    assert location.startswith("/")
    assert not location.startswith("//")
    assert f"//{EVIL}" not in answer.text
    assert "evil2" not in location


def test_nor_does_an_answer_to_what_was_made(api):
    answer = api.post("/tokens", json={"name": "CI"}, headers={"Host": EVIL})
    assert EVIL not in answer.text + str(answer.headers)
