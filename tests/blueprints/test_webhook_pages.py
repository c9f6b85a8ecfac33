"""Pages of webhooks."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import select
from standardwebhooks import Webhook as Verifier

from app.db import db
from app.models import Delivery, Webhook
from app.services.webhooks import deliveries
from tests.app_fixtures import Browser
from tests.run_fixtures import Receiver

LIST = "/settings/webhooks"


@pytest.fixture
def app(app_with_queue: Flask) -> Flask:
    return app_with_queue


def secret_in(html: str) -> str:
    found = re.search(r"whsec_[A-Za-z0-9+/=]+", html)
    assert found
    return found.group()


@pytest.fixture
def hook_page(app: Flask, signed_in: Browser, receiver: Receiver) -> str:
    """The address of an endpoint's page."""
    data = {"url": receiver.url, "events": ["run.completed"], "enabled": "y"}
    made = signed_in.submit(LIST, data, follow_redirects=True)
    assert made.status_code == 200, made.text
    assert secret_in(made.text)
    assert "Send a test" in made.text
    with app.app_context():
        return f"{LIST}/{db.session.query(Webhook).one().id}"


def test_the_secret_of_a_new_endpoint_is_shown_once(signed_in: Browser, hook_page: str) -> None:
    assert "whsec_" not in signed_in.get(LIST).text
    assert "whsec_" not in signed_in.get(hook_page).text


def test_a_test_shows_what_came_of_it(
    signed_in: Browser, hook_page: str, receiver: Receiver
) -> None:
    def test() -> str:
        return str(signed_in.submit(f"{hook_page}/test", follow_redirects=True).text)

    assert "The receiver answered 200 in" in test()
    receiver.status = 500
    assert "The receiver answered 500." in test()
    html = signed_in.get(hook_page).text
    assert "thanks" in html
    assert "500" in html
    assert signed_in.get(LIST).status_code == 200


def test_a_new_secret_is_shown_once_and_signs(
    signed_in: Browser, hook_page: str, receiver: Receiver
) -> None:
    rotated = signed_in.submit(f"{hook_page}/rotate-secret", follow_redirects=True)
    secret = secret_in(rotated.text)
    signed_in.submit(f"{hook_page}/test")
    message = receiver.received[0]
    Verifier(secret).verify(message.body, dict(message.headers))
    assert secret not in signed_in.get(hook_page).text


def test_an_endpoint_is_changed_and_deleted(
    app: Flask, signed_in: Browser, hook_page: str, receiver: Receiver
) -> None:
    data = {"url": receiver.url, "events": ["run.failed"], "description": "CI"}
    assert signed_in.submit(hook_page, data).status_code == 303
    with app.app_context():
        row = db.session.query(Webhook).one()
        assert (row.events, row.description, row.enabled) == (["run.failed"], "CI", False)
    assert signed_in.submit(f"{hook_page}/delete").status_code == 303
    assert signed_in.get(hook_page).status_code == 404


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"url": "http://10.0.0.1/", "events": ["run.failed"]}, "EGRESS_ALLOW"),
        ({"url": "", "events": ["run.failed"]}, ""),
        ({"url": "http://127.0.0.1/", "events": []}, ""),
    ],
)
def test_what_does_not_fit_comes_back(
    second_browser: Browser, receiver: Receiver, data: dict[str, object], words: str
) -> None:
    made = second_browser.submit(LIST, {"url": receiver.url, "events": ["run.failed"]})
    for path in (LIST, made.location):
        answer = second_browser.submit(path, data)
        assert answer.status_code == 422, path
        assert words in answer.text


def test_a_delivery_is_sent_again(
    app: Flask, signed_in: Browser, hook_page: str, receiver: Receiver
) -> None:
    for _ in range(26):
        with app.app_context():
            row = db.session.query(Webhook).one()
            deliveries.send_test(row.id, row.user_id)
    html = signed_in.get(hook_page).text
    assert "cursor=" in html
    older = re.search(r'href="([^"]*cursor=[^"]*)"', html)
    assert older
    assert signed_in.get(older.group(1)).status_code == 200
    with app.app_context():
        delivery_id = db.session.scalars(select(Delivery.id)).all()[0]
    again = signed_in.submit(f"{hook_page}/deliveries/{delivery_id}/redeliver")
    assert again.status_code == 303
    with app.app_context():
        assert db.session.get_one(Delivery, delivery_id).status == "pending"
