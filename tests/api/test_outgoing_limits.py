"""Requests that make the Studio call somebody else, or work for long, are limited by account."""

from __future__ import annotations

import pytest
from flask import Flask

from app.services.outside_calls import Waits
from app.services.webhooks import deliveries
from tests.app_fixtures import ApiClient, Browser
from tests.run_fixtures import Receiver

NOWHERE = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


@pytest.mark.parametrize(
    "path",
    [
        "/connections/simulated/test",
        f"/webhooks/{NOWHERE}/test",
        f"/webhooks/{NOWHERE}/rotate-secret",
        "/deliveries/msg_0/redeliver",
        f"/runs/{NOWHERE}/resume",
        f"/runs/{NOWHERE}/duplicate",
    ],
)
def test_the_eleventh_request_within_a_minute_is_refused(
    api: ApiClient, second_api: ApiClient, path: str
) -> None:
    codes = [api.post(path).status_code for _ in range(12)]
    assert 429 not in codes[:9]
    assert codes[-1] == 429
    assert api.post(path).headers["Retry-After"]
    assert second_api.post(path).status_code != 429  # another account's


@pytest.mark.parametrize(
    ("method", "path", "most"),
    [
        ("PUT", "/connections/work", 60),
        ("POST", "/webhooks", 60),
        ("PATCH", f"/webhooks/{NOWHERE}", 60),
        ("POST", f"/runs/{NOWHERE}/rescore", 30),
    ],
)
def test_saving_and_scoring_again_are_limited_more_widely(
    api: ApiClient, method: str, path: str, most: int
) -> None:
    codes = [api.call(method, path, json={}).status_code for _ in range(most + 2)]
    assert 429 not in codes[: most - 1]
    assert codes[-1] == 429


@pytest.mark.parametrize(
    "path",
    [
        "/settings/connections/new",
        "/settings/webhooks",
        f"/settings/webhooks/{NOWHERE}",
        f"/runs/{NOWHERE}/rescore",
    ],
)
def test_the_pages_of_the_same_count_as_well(signed_in: Browser, path: str) -> None:
    assert [signed_in.submit(path).status_code for _ in range(62)][-1] == 429


@pytest.mark.parametrize(
    "path",
    [
        f"/settings/webhooks/{NOWHERE}/test",
        f"/settings/webhooks/{NOWHERE}/rotate-secret",
        f"/settings/webhooks/{NOWHERE}/deliveries/msg_0/redeliver",
        f"/runs/{NOWHERE}/resume",
        f"/runs/{NOWHERE}/retry-errors",
    ],
)
def test_the_pages_count_like_the_api(signed_in: Browser, path: str) -> None:
    assert [signed_in.submit(path).status_code for _ in range(12)][-1] == 429


def test_page_and_api_count_together(signed_in: Browser, api: ApiClient) -> None:
    for _ in range(6):
        signed_in.submit(f"/settings/webhooks/{NOWHERE}/deliveries/msg_0/redeliver")
    assert [api.post("/deliveries/msg_0/redeliver").status_code for _ in range(6)][-1] == 429


def test_an_account_has_few_tests_of_webhooks_at_once(
    api: ApiClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = api.post("/webhooks", json={"url": receiver.url, "events": ["run.failed"]}).json
    monkeypatch.setattr(deliveries, "waits", Waits(per_account=0))
    refused = api.post(f"/webhooks/{hook['id']}/test")
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_at_once")
    assert receiver.received == []
